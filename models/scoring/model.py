import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.features.table import FEATURES
from models.scoring.artifact import ArtifactError

INPUT, OUTPUT = "features", "probability"
"""Names of the ONNX graph's only input, (n, F) float32, and its only output, (n,) float32."""


class OnnxModel:
    """A classifier, ready to score: ``OnnxModel(artifact.onnx)``.

    A row's score is the same to the last bit whatever batch it comes in: with one thread onnxruntime adds up
    a row's trees one by one in their order, for one row and for many. More threads would split either rows or
    trees by the size of the batch, and the sums' rounding with them.

    Parameters
    ----------
    onnx : bytes
        The serialised graph: an artifact's, or one just exported.
    features : int
        How many the graph must take.

    Raises
    ------
    ArtifactError
        The graph has another input or output than the export gives it.
    """

    def __init__(self, onnx: bytes, *, features: int = len(FEATURES)) -> None:
        self._session = ort.InferenceSession(onnx, _session_options(), providers=["CPUExecutionProvider"])
        ports = (*self._session.get_inputs(), *self._session.get_outputs())
        was = [(port.name, port.shape[1:]) for port in ports]
        expected = [(INPUT, [features]), (OUTPUT, [])]
        if was != expected:
            raise ArtifactError(
                f"ONNX model: expected the input and output {expected}, was {was}. "
                "Train the model anew: fraudstream train"
            )

    def score(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each row's probability of fraud.

        Parameters
        ----------
        x : ndarray of float32, (n, F)
            Features in the order of `FEATURES`; n may be 0.

        Returns
        -------
        ndarray of float32, (n,)
        """
        probability: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: x})[0]
        return probability


def _session_options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # A memory plan is kept per input shape, and every size of batch is another shape.
    options.enable_mem_pattern = False
    return options

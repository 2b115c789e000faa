"""ONNX Runtime session of a classifier."""

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.features.table import TABLE_WIDTHS
from models.scoring.artifact import ArtifactError
from models.scoring.external_data import has_external_data

INPUT, OUTPUT = "features", "probability"
"""Names of the ONNX graph's only input, (n, F) float32, and its only output, (n,) float32."""


FLOATS = "tensor(float)"


MAX_BYTES = 200_000_000
"""Maximum size of a graph: the largest that training makes has a tenth of it."""


class OnnxModel:
    """A classifier, ready to score: ``OnnxModel(artifact.onnx)``.

    A row's score is the same to the last bit in any batch: with one thread onnxruntime adds up
    a row's trees one by one in their order, for one row and for many. More threads would split either rows or
    trees by the size of the batch, and the sums' rounding with them.

    Parameters
    ----------
    onnx : bytes
        The serialised graph: an artifact's, or one just exported.
    features : int, optional
        Number of features of the graph; by default that of `FEATURES` or of a former table.

    Attributes
    ----------
    width : int
        Number of features of the graph.

    Raises
    ------
    ArtifactError
        The graph has another input or output than the export gives it, keeps tensors outside its file, or
        onnxruntime can't load it.
    """

    def __init__(self, onnx: bytes, *, features: int | None = None) -> None:
        self._session = _session(onnx)
        ports = (*self._session.get_inputs(), *self._session.get_outputs())
        got = [(port.name, port.type, len(port.shape), port.shape[1:]) for port in ports]
        widths = tuple(TABLE_WIDTHS.values()) if features is None else (features,)
        expected = [[(INPUT, FLOATS, 2, [width]), (OUTPUT, FLOATS, 1, [])] for width in widths]
        if got not in expected:
            raise ArtifactError(
                "ONNX model: expected the input and output (name, type, rank, columns) "
                f"{' or '.join(map(str, expected))}, got {got}. Train the model again: fraudstream train"
            )
        self.width = widths[expected.index(got)]

    def score(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each row's probability of fraud.

        Parameters
        ----------
        x : ndarray of float32, (n, F)
            Features in the order of `FEATURES`; n may be 0. A model of a former table reads its first columns.

        Returns
        -------
        ndarray of float32, (n,)
        """
        if x.shape[1] > self.width:
            x = np.ascontiguousarray(x[:, : self.width])
        probability: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: x})[0]
        return probability


def _session(onnx: bytes) -> ort.InferenceSession:
    if len(onnx) > MAX_BYTES:
        raise ArtifactError(
            f"ONNX model: expected at most {MAX_BYTES:,} bytes, got {len(onnx):,}. Train a smaller model"
        )
    try:
        external = has_external_data(onnx)
        session = (
            None if external else ort.InferenceSession(onnx, _session_options(), providers=["CPUExecutionProvider"])
        )
    except Exception as error:
        # Each of onnxruntime's failures is a class of its own, all directly below Exception.
        raise ArtifactError(
            f"ONNX model: expected a graph that onnxruntime {ort.__version__} loads, got: {_first_line(error)}. "
            "Train the model again: fraudstream train"
        ) from None
    if session is None:
        raise ArtifactError(
            "ONNX model: expected all tensors in model.onnx, got external data, which no checksum covers. "
            "Export the model into one file"
        )
    return session


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _session_options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # A memory plan is kept per input shape, and every size of batch is another shape.
    options.enable_mem_pattern = False
    return options

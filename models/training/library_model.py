"""Model file of the training library, kept with an artifact."""

from collections.abc import Callable, Mapping
from pathlib import Path

import onnx
from onnx import numpy_helper

from models.scoring.artifact import LIBRARY_FILE, Artifact
from models.training.calibration import Calibrated, Platt
from models.training.learners.learner import TrainedModel
from models.training.learners.lightgbm_trees import FittedLightGbm
from models.training.learners.xgboost_trees import FittedXGBoost
from models.whole_file import replace_file
from schemas.errors import UserError

READERS: Mapping[str, Callable[[str], TrainedModel]] = {"lightgbm": FittedLightGbm.read, "xgboost": FittedXGBoost.read}
"""Readers by the name in `LEARNERS`. scikit-learn has only pickles, which execute their content when read."""


def write_library_model(folder: Path, fitted: TrainedModel) -> None:
    """Write the classifier, without its calibration, in its library's own text, where it has one."""
    text, path = fitted.text(), folder / LIBRARY_FILE
    if text is None:
        path.unlink(missing_ok=True)  # of another model that was trained into the same folder
    else:
        replace_file(path, text.encode())


def read_library_model(folder: Path, artifact: Artifact) -> TrainedModel:
    """Read the classifier that an artifact was exported from.

    Raises
    ------
    UserError
        There is none.
    """
    reader = READERS.get(str(artifact.manifest.settings.get("model")))
    path = folder / LIBRARY_FILE
    if reader is None or not path.is_file():
        raise UserError(
            f"expected {path}, the model file of LightGBM or XGBoost, found none. Train again with this version "
            "(fraudstream train); a forest or a logistic regression has its parity in the manifest alone"
        )
    try:
        fitted = reader(path.read_text())
    except (ValueError, OSError) as error:
        raise UserError(f"expected a model of its library in {path}, got another file ({error}). Train again") from None
    platt = _calibration(artifact.onnx)
    return Calibrated(fitted, platt) if platt else fitted


def _calibration(content: bytes) -> Platt | None:
    constants = {item.name: item for item in onnx.load_from_string(content).graph.initializer}
    if "slope" not in constants:
        return None
    return Platt(*(float(numpy_helper.to_array(constants[name])) for name in ("slope", "offset")))

"""Calibration of probabilities by Platt scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

from models.scoring.model import OUTPUT
from models.training.learners.learner import Learner, TrainedModel
from schemas.errors import UserError

MIN_PROBABILITY = 1e-6
"""Probabilities are clipped at this distance from 0 and 1, where log-odds are infinite."""

_NO_PENALTY = 1e6
_OPSET, _IR_VERSION = 13, 7
"""Versions of ONNX, and of its files, that have all our nodes in float64."""


MAX_BOUND = 1e-3
"""Largest difference from the library's scores that a manifest may allow, as in `models.scoring.artifact.Parity`."""


@dataclass(frozen=True)
class Platt:
    """Map of a probability to sigmoid(slope * log-odds + intercept); slope > 0 keeps the ranking.

    The same for every learner: few frauds suffice to fit two numbers, and ONNX can express it.
    """

    slope: float
    intercept: float

    @classmethod
    def fit(cls, probability: NDArray[np.float64], is_fraud: NDArray[np.bool_]) -> Platt:
        """Fit the map on rows later than those the classifier was trained on.

        Parameters
        ----------
        probability : ndarray of float64, (n,)
        is_fraud : ndarray of bool, (n,)

        Raises
        ------
        UserError
            The rows are of one class, or frauds do not have the higher probabilities.
        """
        frauds = int(np.count_nonzero(is_fraud))
        if not 0 < frauds < len(is_fraud):
            raise UserError(
                f"Calibration: expected frauds and genuine transactions in the days held out, got {frauds} frauds "
                f"of {len(is_fraud)} rows. Hold out more days"
            )
        regression = LogisticRegression(C=_NO_PENALTY).fit(_log_odds(probability)[:, None], is_fraud)
        slope = float(regression.coef_[0, 0])
        if slope <= 0:
            raise UserError(
                "Calibration: expected higher probabilities for the frauds of the days held out, got lower ones: "
                "the model does not generalise. Train on more days"
            )
        return cls(slope, float(regression.intercept_[0]))

    def apply(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated probabilities (n,)."""
        calibrated: NDArray[np.float64] = 1 / (1 + np.exp(-(self.slope * _log_odds(probability) + self.intercept)))
        return calibrated

    def append_to(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return the graph followed by the map, in float64."""
        extended = onnx.ModelProto()
        extended.CopyFrom(model)
        graph = extended.graph
        _raise_opset(extended)
        exact = _exact_probability(graph)
        constants = {
            "least": MIN_PROBABILITY, "most": 1 - MIN_PROBABILITY, "one": 1.0,
            "slope": self.slope, "offset": self.intercept,
        }  # fmt: skip
        graph.initializer.extend(numpy_helper.from_array(np.array(v), name) for name, v in constants.items())
        graph.node.extend(
            [
                helper.make_node("Clip", [exact, "least", "most"], ["inside"]),
                helper.make_node("Sub", ["one", "inside"], ["otherwise"]),
                helper.make_node("Div", ["inside", "otherwise"], ["odds"]),
                helper.make_node("Log", ["odds"], ["log_odds"]),
                helper.make_node("Mul", ["log_odds", "slope"], ["scaled"]),
                helper.make_node("Add", ["scaled", "offset"], ["moved"]),
                helper.make_node("Sigmoid", ["moved"], ["calibrated"]),
                helper.make_node("Cast", ["calibrated"], [OUTPUT], to=TensorProto.FLOAT),
            ]
        )
        onnx.checker.check_model(extended)
        return extended

    def stretch(self) -> float:
        """Return the largest factor by which the map enlarges a difference of probability."""
        p = 1 / (1 + np.exp(-np.linspace(np.log(MIN_PROBABILITY), -np.log(MIN_PROBABILITY), 1_001)))
        q = self.apply(p)
        return float(np.max(self.slope * q * (1 - q) / (p * (1 - p))))


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Calibrated classifier, a `TrainedModel` itself."""

    fitted: TrainedModel
    platt: Platt

    @property
    def bound(self) -> float:
        """See `TrainedModel`: the rounding is stretched with the probabilities."""
        return self.fitted.bound * max(1.0, self.platt.stretch())

    @property
    def exact(self) -> bool:
        """See `TrainedModel`."""
        return self.fitted.exact

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `TrainedModel.probability`."""
        return self.platt.apply(self.fitted.probability(x))

    def export(self) -> onnx.ModelProto:
        """See `TrainedModel.export`."""
        return self.platt.append_to(self.fitted.export())

    def text(self) -> str | None:
        """See `TrainedModel.text`; the text of the classifier before calibration."""
        return self.fitted.text()

    def importance(self) -> NDArray[np.float64]:
        """See `TrainedModel.importance`."""
        return self.fitted.importance()

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `TrainedModel.threshold_rows`."""
        return self.fitted.threshold_rows(x)

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See `TrainedModel.accepts`."""
        return self.fitted.accepts(x)


def fit_calibrated(
    learner: Learner,
    x: NDArray[np.float32],
    is_fraud: NDArray[np.bool_],
    *,
    fit_rows: NDArray[np.bool_],
    held_out: NDArray[np.bool_] | None,
    seed: int,
    threads: int,
) -> TrainedModel:
    """Train a model, and calibrate it on the rows held out.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
    is_fraud : ndarray of bool, (n,)
    fit_rows : ndarray of bool, (n,)
        Rows that the classifier is trained on.
    held_out : ndarray of bool, (n,), optional
        Later rows that the calibration is fitted on; default: no calibration.

    Raises
    ------
    UserError
        The calibration cannot be fitted on the held-out rows.
    """
    fitted = learner.fit(x[fit_rows], is_fraud[fit_rows], seed=seed, threads=threads)
    if held_out is None:
        return fitted
    calibrated = Calibrated(fitted, Platt.fit(fitted.probability(x[held_out]), is_fraud[held_out]))
    if calibrated.bound > MAX_BOUND:
        raise UserError(
            f"Calibration: expected a map that enlarges a rounding of the scores to {MAX_BOUND:g} at most, got "
            f"{calibrated.bound:.3g}: the model gives too few different probabilities. Train more trees, or leave out "
            "--calibrate"
        )
    return calibrated


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(np.asarray(probability, np.float64), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    log_odds: NDArray[np.float64] = np.log(inside / (1 - inside))
    return log_odds


def _exact_probability(graph: onnx.GraphProto) -> str:
    """Return the name of the probability in float64, and release the name of the graph's output."""
    last = graph.node[-1]
    if last.op_type == "Cast":  # from float64, which is its input
        graph.node.pop()
        return str(last.input[0])
    last.output[:] = ["uncalibrated"]
    graph.node.append(helper.make_node("Cast", ["uncalibrated"], ["wide"], to=TensorProto.DOUBLE))
    return "wide"


def _raise_opset(model: onnx.ModelProto) -> None:
    """Raise the opset to that of our nodes; the graph's own, a Gather after the trees, is the same in both versions."""
    for opset in model.opset_import:
        if not opset.domain:
            opset.version = max(opset.version, _OPSET)
    model.ir_version = max(model.ir_version, _IR_VERSION)

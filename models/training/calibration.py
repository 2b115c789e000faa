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

LEAST = 1e-6
"""Probabilities nearer to 0 or 1 than this are taken for it, as their log-odds would be infinite."""

_NO_PENALTY = 1e6
_OPSET, _IR_VERSION = 13, 7
"""Versions of ONNX, and of its files, that have all our nodes in float64."""


class CalibrationError(UserError):
    """Rows by which no probability can be calibrated."""


@dataclass(frozen=True)
class Platt:
    """Maps a probability to sigmoid(slope * log-odds + intercept): slope > 0, so no two rows change places.

    One choice for every candidate: two numbers can be learned from few frauds, and the ONNX graph can do it.
    """

    slope: float
    intercept: float

    @classmethod
    def fit(cls, probability: NDArray[np.float64], is_fraud: NDArray[np.bool_]) -> Platt:
        """Learn the map on rows later than those the classifier was trained on.

        Parameters
        ----------
        probability : ndarray of float64, (n,)
        is_fraud : ndarray of bool, (n,)

        Raises
        ------
        CalibrationError
            The rows are all of one kind, or frauds do not have the higher probabilities.
        """
        frauds = int(np.count_nonzero(is_fraud))
        if not 0 < frauds < len(is_fraud):
            raise CalibrationError(
                f"Calibration: expected frauds and genuine transactions in the days held out, was {frauds} frauds "
                f"of {len(is_fraud)} rows: hold out more days"
            )
        regression = LogisticRegression(C=_NO_PENALTY).fit(_log_odds(probability)[:, None], is_fraud)
        slope = float(regression.coef_[0, 0])
        if slope <= 0:
            raise CalibrationError(
                "Calibration: expected higher probabilities for the frauds of the days held out, was lower ones: "
                "the model has learned nothing that lasts; train on more days"
            )
        return cls(slope, float(regression.intercept_[0]))

    def apply(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated probabilities (n,)."""
        calibrated: NDArray[np.float64] = 1 / (1 + np.exp(-(self.slope * _log_odds(probability) + self.intercept)))
        return calibrated

    def append_to(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return the graph with the map behind it, in float64: its output is calibrated."""
        extended = onnx.ModelProto()
        extended.CopyFrom(model)
        graph = extended.graph
        _raise_opset(extended)
        exact = _exact_probability(graph)
        constants = {
            "least": LEAST, "most": 1 - LEAST, "one": 1.0, "slope": self.slope, "offset": self.intercept,
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
        """Return by how much the map enlarges a difference of probability, at most."""
        p = 1 / (1 + np.exp(-np.linspace(np.log(LEAST), -np.log(LEAST), 1_001)))
        q = self.apply(p)
        return float(np.max(self.slope * q * (1 - q) / (p * (1 - p))))


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A classifier with its probabilities mapped: a `TrainedModel` itself."""

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
        """See `TrainedModel.text`: of what is calibrated."""
        return self.fitted.text()

    def importance(self) -> NDArray[np.float64]:
        """See `TrainedModel.importance`."""
        return self.fitted.importance()

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `TrainedModel.threshold_rows`."""
        return self.fitted.threshold_rows(x)

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See `TrainedModel.takes`."""
        return self.fitted.accepts(x)


def fit_calibrated(
    candidate: Learner,
    x: NDArray[np.float32],
    is_fraud: NDArray[np.bool_],
    *,
    fit_rows: NDArray[np.bool_],
    held_out: NDArray[np.bool_] | None,
    seed: int,
    threads: int,
) -> TrainedModel:
    """Train a candidate, and calibrate it on the rows held out.

    Parameters
    ----------
    candidate : Candidate
    x : ndarray of float32, (n, F)
    is_fraud : ndarray of bool, (n,)
    taught : ndarray of bool, (n,)
        Rows that teach the classifier.
    held_out : ndarray of bool, (n,), optional
        Later rows that teach the calibration; left out, there is none.
    seed, threads : int

    Raises
    ------
    CalibrationError
        The held-out rows cannot teach it.
    """
    fitted = candidate.fit(x[fit_rows], is_fraud[fit_rows], seed=seed, threads=threads)
    if held_out is None:
        return fitted
    return Calibrated(fitted, Platt.fit(fitted.probability(x[held_out]), is_fraud[held_out]))


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(np.asarray(probability, np.float64), LEAST, 1 - LEAST)
    log_odds: NDArray[np.float64] = np.log(inside / (1 - inside))
    return log_odds


def _exact_probability(graph: onnx.GraphProto) -> str:
    """Return the name of the probability in float64, and free that of the graph's output for another."""
    last = graph.node[-1]
    if last.op_type == "Cast":  # from float64, which is to be had before it
        graph.node.pop()
        return str(last.input[0])
    last.output[:] = ["uncalibrated"]
    graph.node.append(helper.make_node("Cast", ["uncalibrated"], ["wide"], to=TensorProto.DOUBLE))
    return "wide"


def _raise_opset(model: onnx.ModelProto) -> None:
    """Let the graph use our nodes; those that it has, a Gather behind the trees, mean the same in both versions."""
    for opset in model.opset_import:
        if not opset.domain:
            opset.version = max(opset.version, _OPSET)
    model.ir_version = max(model.ir_version, _IR_VERSION)

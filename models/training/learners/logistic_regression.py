"""Logistic regression as a learner."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from models.scoring.model import INPUT, OUTPUT
from models.training.learners.balance import balanced
from models.training.learners.learner import Balance, finite_rows, shares
from models.training.parity import BOUND

_OPSET, _IR_VERSION = 17, 8


@dataclass(frozen=True, kw_only=True)
class Logistic:
    """Logistic regression on standardised features.

    Parameters
    ----------
    c : float
        Inverse of the L2 regularisation.
    """

    c: float = 1.0
    balance: Balance = "none"

    def fit(
        self, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int, threads: int = 1
    ) -> "FittedLogistic":
        """See `Learner.fit`; ``threads`` is not used."""
        del threads
        sample = balanced(x, is_fraud, self.balance, seed=seed)
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=self.c, max_iter=1_000, random_state=seed))
        # In float64: sums over 67,000 float32 rows would lose digits.
        pipeline.fit(sample.x.astype(np.float64), sample.is_fraud, logisticregression__sample_weight=sample.weight)
        return FittedLogistic(pipeline)


@dataclass(frozen=True, eq=False)
class FittedLogistic:
    """Scaler and regression as a `TrainedModel`."""

    pipeline: Pipeline
    bound: ClassVar[float] = BOUND
    exact: ClassVar[bool] = False

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `TrainedModel.probability`."""
        return np.asarray(self.pipeline.predict_proba(x.astype(np.float64))[:, 1], np.float64)

    def export(self) -> onnx.ModelProto:
        """Return sigmoid((features - mean) @ coefficients + intercept), in float64.

        skl2onnx would do the same in float32, where the differences of large amounts lose digits.
        """
        mean, coefficients, intercept = self._folded()
        constants = {"mean": mean, "coefficients": coefficients, "intercept": intercept, "row": np.array([-1])}
        nodes = [
            helper.make_node("Cast", [INPUT], ["exact"], to=TensorProto.DOUBLE),
            helper.make_node("Sub", ["exact", "mean"], ["centred"]),
            helper.make_node("MatMul", ["centred", "coefficients"], ["product"]),
            helper.make_node("Add", ["product", "intercept"], ["column"]),
            helper.make_node("Reshape", ["column", "row"], ["margin"]),
            helper.make_node("Sigmoid", ["margin"], ["exact_probability"]),
            helper.make_node("Cast", ["exact_probability"], [OUTPUT], to=TensorProto.FLOAT),
        ]
        graph = helper.make_graph(
            nodes,
            "fraud",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, len(mean)])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None])],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return model

    def text(self) -> None:
        """See `TrainedModel.text`; none."""

    def importance(self) -> NDArray[np.float64]:
        """See `TrainedModel.importance`; by the coefficients of the standardised features."""
        return shares(np.abs(self.pipeline[-1].coef_[0]))

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `TrainedModel.threshold_rows`; none."""
        return x[:0]

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See `TrainedModel.accepts`; finite rows."""
        return finite_rows(x)

    def _folded(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return mean (F,), coefficients (F, 1) with the scale divided in, and intercept (1,)."""
        scaler, regression = self.pipeline[0], self.pipeline[-1]
        return scaler.mean_, (regression.coef_[0] / scaler.scale_)[:, None], regression.intercept_

"""LightGBM as a learner."""

from dataclasses import dataclass, field
from typing import ClassVar

import lightgbm as lgb
import numpy as np
import onnx
from numpy.typing import NDArray

from models.training.export import export_onnx
from models.training.fit import LearnerSettings, fit
from models.training.learners.balance import balanced
from models.training.learners.learner import Balance, shares
from models.training.parity import BOUND, threshold_rows


@dataclass(frozen=True, kw_only=True)
class LightGbm:
    """Gradient boosting by LightGBM."""

    settings: LearnerSettings = field(default_factory=LearnerSettings)
    balance: Balance = "none"

    def fit(
        self, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int, threads: int = 1
    ) -> "FittedLightGbm":
        """See `Learner.fit`."""
        sample = balanced(x, is_fraud, self.balance, seed=seed)
        return FittedLightGbm(
            fit(sample.x, sample.is_fraud, self.settings, seed=seed, threads=threads, weight=sample.weight)
        )


@dataclass(frozen=True, eq=False)
class FittedLightGbm:
    """LightGBM booster as a `TrainedModel`."""

    booster: lgb.Booster
    bound: ClassVar[float] = BOUND
    exact: ClassVar[bool] = True

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `TrainedModel.probability`."""
        return np.asarray(self.booster.predict(x), np.float64)

    def export(self) -> onnx.ModelProto:
        """See `TrainedModel.export`."""
        return export_onnx(self.booster)

    def text(self) -> str:
        """See `TrainedModel.text`."""
        return str(self.booster.model_to_string())

    @classmethod
    def read(cls, text: str) -> "FittedLightGbm":
        """Read a model from its text.

        Raises
        ------
        ValueError
            The text is no model of LightGBM.
        """
        try:
            return cls(lgb.Booster(model_str=text))
        except lgb.basic.LightGBMError as error:
            raise ValueError(str(error)) from None

    def importance(self) -> NDArray[np.float64]:
        """See `TrainedModel.importance`; by gain."""
        return shares(self.booster.feature_importance("gain"))

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `TrainedModel.threshold_rows`."""
        return threshold_rows(self.booster, x)

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See `TrainedModel.accepts`; all rows."""
        return np.full(len(x), True)

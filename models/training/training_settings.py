"""Settings of training."""

from dataclasses import dataclass

from models.training.feature_set import TrainedFeatures
from models.training.learners.learner import Balance
from schemas.declaration.declaration import Declaration
from schemas.file_limits import USUAL_LIMITS, FileLimits


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Settings of training.

    Parameters
    ----------
    model : str
        A name in `LEARNERS`.
    balance : str
        See `balanced`. A search ignores it.
    features : str
        Features that the model reads, see `TrainedFeatures`.
    calibrate : bool
        Whether the calibration is fitted on the last training rows instead of the classifier.
    search_minutes : float
        Minutes of the search for better settings, within the training rows; 0 uses the learner's defaults.
    maturity_days : float or None
        Age at which a label counts as final; None derives it from the history, see `derive_maturity_ms`.
    recent_frauds : bool
        Whether frauds younger than that are trained on too.
    timezone : str or None
        IANA time zone of times in the history that have none.
    limits : FileLimits
        Limits of years and amounts in the history.
    declaration : Declaration or None
        Declaration of further columns, which the model reads after all other features.
    seed, threads : int
        Seed and threads of the learner. On busy cores two threads may be slower than one.
    """

    model: str = "lightgbm"
    balance: Balance = "none"
    features: TrainedFeatures = "all"
    calibrate: bool = False
    search_minutes: float = 0.0
    maturity_days: float | None = None
    recent_frauds: bool = False
    timezone: str | None = None
    limits: FileLimits = USUAL_LIMITS
    declaration: Declaration | None = None
    seed: int = 7
    threads: int = 1

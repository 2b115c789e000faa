from dataclasses import dataclass

from models.training.learners.learner import Balance
from schemas.file_limits import USUAL_LIMITS, FileLimits


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What is trained, and how.

    Parameters
    ----------
    model : str
        A name in `CANDIDATES`.
    balance : str
        See `balanced`. A search chooses for itself.
    calibrate : bool
        Whether the last of the training rows teach not the classifier but the calibration of its probabilities.
    search_minutes : float
        How long to look for better settings, within the training rows; 0 takes the candidate's own.
    maturity_days : float or None
        Age at which a label counts as final; None derives it from the history, see `derive_maturity_ms`.
    recent_frauds : bool
        Whether frauds younger than that are trained on too.
    timezone : str or None
        IANA time zone of times in the history that have none.
    limits : FileLimits
        On years and amounts in the history.
    seed, threads : int
        For the candidate. Threads wait for each other: on cores that others use too, two may be slower than one.
    """

    model: str = "lightgbm"
    balance: Balance = "none"
    calibrate: bool = False
    search_minutes: float = 0.0
    maturity_days: float | None = None
    recent_frauds: bool = False
    timezone: str | None = None
    limits: FileLimits = USUAL_LIMITS
    seed: int = 7
    threads: int = 1

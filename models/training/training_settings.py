from dataclasses import dataclass

from models.training.candidates.candidate import Balance


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
    seed, threads : int
        For the candidate. Threads wait for each other: on cores that others use too, two may be slower than one.
    """

    model: str = "lightgbm"
    balance: Balance = "none"
    calibrate: bool = False
    search_minutes: float = 0.0
    seed: int = 7
    threads: int = 1

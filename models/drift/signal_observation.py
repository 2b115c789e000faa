"""Observation of one signal with its expected value."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SignalObservation:
    """One signal over OBSERVATION_SIZE transactions or more, and what it should be: all that its detectors need.

    It is compared where it was scored, with the baseline of that model; so detecting needs no model.

    Parameters
    ----------
    mean, expected, standard_error : float
        In the signal's own unit. The baseline has no model of chance but the standard error.
    bins : list of int
        Transactions by the part of the histogram.
    expected_shares : list of float
        Expected share of them in each bin.
    event_time_ms : int
        Event time of the last transaction, milliseconds since 1970.
    model_id : str
        The model that scored it, whose baseline it is compared with.
    """

    mean: float
    expected: float
    standard_error: float
    bins: list[int]
    expected_shares: list[float]
    event_time_ms: int
    model_id: str

    @property
    def standardised(self) -> float:
        """The mean's distance from the expected, in standard errors."""
        return (self.mean - self.expected) / self.standard_error

    def restore(self, value: float) -> float:
        """Return the mean that has a given standardised value."""
        return self.expected + value * self.standard_error

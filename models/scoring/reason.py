"""One reason of an alert."""

from dataclasses import dataclass

from models.scoring.reason_code import ReasonCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One reason of an alert.

    Parameters
    ----------
    feature : str
        Name in `FEATURES`: the strongest feature of this code.
    value : float
        The transaction's value, in the feature's unit.
    usual : float or None
        The customer's, or entity's, own usual value; None where there is no such thing.
    contribution : float or None
        Contribution of all features of this code to the log-odds of fraud; None where the model has no contributions.
    strangeness : float or None
        Distance of the value from the usual one, where reasons are ranked by it: 1 is as far as genuine transactions
        typically are.
    """

    code: ReasonCode
    feature: str
    value: float
    usual: float | None
    contribution: float | None = None
    strangeness: float | None = None

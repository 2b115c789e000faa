"""Risk features of another model, from logged features."""

import numpy as np
from numpy.typing import NDArray

from models.features.risk import RiskTable
from models.features.table import FEATURE_NAMES, RISK_SOURCES
from models.scoring.artifact import Artifact

_COLUMNS = tuple(map(FEATURE_NAMES.index, RISK_SOURCES))


def with_risks_of(
    x: NDArray[np.float32], logged: Artifact, other: Artifact
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return features logged with one model's fraud rates with the rates of another model.

    The rates by category are part of an artifact; the other features are the same for every model. The category is not
    logged: it is identified by its rate.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        Features with the rates of ``logged``.

    Returns
    -------
    x : ndarray of float32, (n, F)
        Features with the rates of ``other``.
    identified : ndarray of bool, (n,)
        Whether the new rate is unique: categories of one rate may have several rates now.
    """
    x, identified = x.copy(), np.ones(len(x), np.bool_)
    tables = ((logged.category_risk, other.category_risk), (logged.type_risk, other.type_risk))
    for column, (before, after) in zip(_COLUMNS, tables, strict=True):
        rates, row_of = np.unique(x[:, column], return_inverse=True)
        found = [_rates_after(rate, before, after) for rate in rates]
        identified &= np.array([len(choices) == 1 for choices in found], np.bool_)[row_of]
        x[:, column] = np.array([min(choices, default=np.nan) for choices in found], np.float32)[row_of]
    return x, identified


def _rates_after(rate: np.float32, before: RiskTable, after: RiskTable) -> set[float]:
    names = [name for name, value in before.rates.items() if np.float32(value) == rate]
    found = {float(np.float32(after.rates.get(name, after.prior))) for name in names}
    # Categories unknown in training have the prior.
    return found | ({float(np.float32(after.prior))} if np.float32(before.prior) == rate else set())

"""Sets of features that an evaluation can choose."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.features.table import CUSTOMER_FEATURES, FEATURE_NAMES, FEATURES
from schemas.errors import UserError

TrainedFeatures = Literal["all", "customer"]
"""``all``: every feature of the engine; ``customer``: those without live features of merchants and devices."""

FeatureSet = Literal[TrainedFeatures, "book"]
"""``book``: the 15 columns of the published benchmark."""

_CUSTOMER_WINDOWS = ("24h", "7d", "30d")
_MERCHANT_WINDOWS = ("1d", "7d", "30d")

BOOK_NAMES = (
    "amount",
    "is_weekend",
    "is_night",
    *(f"{what}_with_this_{window}" for window in _CUSTOMER_WINDOWS for what in ("count", "mean")),
    *(f"merchant_{what}_{window}" for window in _MERCHANT_WINDOWS for what in ("labels", "fraud_rate")),
)


def width_of(feature_set: FeatureSet) -> int:
    """Return how many of the first columns of x a feature set reads."""
    return len(FEATURES) if feature_set == "all" else len(CUSTOMER_FEATURES)


def select_features(
    x: NDArray[np.float32], feature_set: FeatureSet, names: Sequence[str] = FEATURE_NAMES
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return the columns of a feature set, and their names, from those that `width_of` gives.

    The benchmark counts the transaction itself among the customer's, and replaces an unknown fraud rate by 0.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
    names : sequence of str, F of them
        Names of the columns of ``x``.

    Raises
    ------
    UserError
        A column that the set needs is not among ``names``.
    """
    if feature_set != "book":
        return x, tuple(names)
    indices = {name: index for index, name in enumerate(names)}

    def column(name: str) -> NDArray[np.float32]:
        if name not in indices:
            raise UserError(f"--features book: expected the feature {name}, found none. Use --features all")
        return x[:, indices[name]]

    amount = column("amount")
    columns = [amount, column("is_weekend"), column("is_night")]
    for window in _CUSTOMER_WINDOWS:
        count = column(f"count_{window}") + np.float32(1)
        columns += [count, (column(f"amount_sum_{window}") + amount) / count]
    for window in _MERCHANT_WINDOWS:
        rate = column(f"merchant_fraud_rate_{window}")
        columns += [column(f"merchant_labels_{window}"), np.maximum(rate, np.float32(0))]
    return np.column_stack(columns), BOOK_NAMES

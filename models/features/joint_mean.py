"""Amount of a transaction, compared with what its customer and its merchant's customers usually pay."""

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES

_AMOUNT, _CUSTOMER, _MERCHANT, _JOINT = (
    FEATURE_NAMES.index(name)
    for name in ("amount", "amount_mean_30d", "merchant_amount_mean_30d", "amount_to_joint_mean_30d")
)


def write_joint_mean(x: NDArray[np.float32]) -> None:
    """Write the column of `Operation.TO_JOINT_MEAN` from the other columns of x, (n, len(FEATURES)).

    Against the geometric mean of the customer's and the merchant's average, neither an expensive shop nor a customer
    who spends much makes an amount a large one.
    """
    amount, customer, merchant = (x[:, column].astype(np.float64) for column in (_AMOUNT, _CUSTOMER, _MERCHANT))
    known = (customer >= 0) & (merchant >= 0)
    joint = np.sqrt((np.maximum(customer, 0) + 1) * (np.maximum(merchant, 0) + 1))
    x[:, _JOINT] = np.where(known, (amount + 1) / joint, -1)

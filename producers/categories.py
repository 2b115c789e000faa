"""Merchant categories and transaction types."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class TransactionType(IntEnum):
    """How a card is used; the value is the code in `Rows.kind`."""

    PURCHASE = 0
    CONTACTLESS = 1
    ONLINE = 2
    CASH_WITHDRAWAL = 3
    RECURRING = 4


TYPE_NAMES: tuple[str, ...] = tuple(kind.name.lower() for kind in TransactionType)


@dataclass(frozen=True, kw_only=True)
class Category:
    """A merchant category: its share of the merchants, and what its amounts are like.

    `median` is in major units, `spread` is the deviation of the logarithm of the amount.
    """

    name: str
    share: float
    median: float
    spread: float
    online: bool = False


CATEGORIES: tuple[Category, ...] = (
    Category(name="grocery", share=0.22, median=28, spread=0.7),
    Category(name="restaurant", share=0.15, median=24, spread=0.6),
    Category(name="fuel", share=0.07, median=48, spread=0.35),
    Category(name="clothing", share=0.10, median=55, spread=0.7),
    Category(name="electronics", share=0.05, median=140, spread=0.9),
    Category(name="pharmacy", share=0.06, median=16, spread=0.6),
    Category(name="travel", share=0.04, median=190, spread=0.8),
    Category(name="entertainment", share=0.07, median=30, spread=0.6),
    Category(name="cash", share=0.05, median=80, spread=0.5),
    Category(name="jewellery", share=0.02, median=180, spread=0.9),
    Category(name="online_retail", share=0.09, median=38, spread=0.8, online=True),
    Category(name="digital_goods", share=0.05, median=11, spread=0.7, online=True),
    Category(name="subscription", share=0.03, median=12, spread=0.3, online=True),
)

CATEGORY_NAMES: tuple[str, ...] = tuple(category.name for category in CATEGORIES)
MEDIANS: NDArray[np.float64] = np.array([category.median for category in CATEGORIES])
SPREADS: NDArray[np.float64] = np.array([category.spread for category in CATEGORIES])


def category_code(name: str) -> int:
    """Position of a category in `CATEGORIES`."""
    return CATEGORY_NAMES.index(name)

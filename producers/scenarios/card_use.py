"""Rows of card-present and card-not-present use."""

import numpy as np
from numpy.typing import NDArray

from producers.card_world import CardWorld
from producers.categories import TransactionType, category_code
from producers.rows import GENUINE, NO_DEVICE, Rows


def use_in_shop(
    world: CardWorld,
    *,
    customer: NDArray[np.int32],
    merchant: NDArray[np.int32],
    amount: NDArray[np.float64],
    time_ms: NDArray[np.int64],
    rng: np.random.Generator,
) -> Rows:
    """Make rows (n,) of a card, or its copy, used in shops: at the shop's place, without a device."""
    count = len(customer)
    tapped = (amount < 50) & (rng.random(count) < 0.7)
    kind = np.where(tapped, TransactionType.CONTACTLESS, TransactionType.PURCHASE)
    cash = world.merchant_category[merchant] == category_code("cash")
    kind = np.where(cash, TransactionType.CASH_WITHDRAWAL, kind)
    missing = rng.random(count) < 0.03
    return Rows(
        customer=customer,
        merchant=merchant,
        kind=kind.astype(np.int8),
        amount=amount,
        device=np.full(count, NO_DEVICE, dtype=np.int64),
        latitude=np.where(missing, np.nan, world.merchant_latitude[merchant]),
        longitude=np.where(missing, np.nan, world.merchant_longitude[merchant]),
        time_ms=time_ms,
        scenario=np.full(count, GENUINE, dtype=np.int8),
    )


def use_online(
    world: CardWorld,
    *,
    customer: NDArray[np.int32],
    merchant: NDArray[np.int32],
    amount: NDArray[np.float64],
    time_ms: NDArray[np.int64],
    device: NDArray[np.int64],
    rng: np.random.Generator,
) -> Rows:
    """Make rows (n,) of card data used on the internet: the place unknown or made to look like home."""
    count = len(customer)
    disguised = rng.random(count) < 0.6
    city = np.where(disguised, world.home_city[customer], rng.integers(0, world.cities, count))
    missing = rng.random(count) < 0.6
    return Rows(
        customer=customer,
        merchant=merchant,
        kind=np.full(count, TransactionType.ONLINE, dtype=np.int8),
        amount=amount,
        device=device,
        latitude=np.where(missing, np.nan, world.city_latitude[city]),
        longitude=np.where(missing, np.nan, world.city_longitude[city]),
        time_ms=time_ms,
        scenario=np.full(count, GENUINE, dtype=np.int8),
    )


def hide_devices(device: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the device codes (n,), a share of them missing."""
    return np.where(rng.random(len(device)) < share, NO_DEVICE, device)

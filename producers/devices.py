"""Device codes of customers and strangers."""

import numpy as np
from numpy.typing import NDArray

from producers.card_world import CardWorld
from producers.rows import NO_DEVICE
from schemas.durations import DAY_MS

OWN_DEVICES = 3
GENERATIONS = 1 << 12
FOREIGN = 1 << 52
"""Codes from here on belong to fraudsters; their ids are like any other."""


def own_devices(
    world: CardWorld,
    customer: NDArray[np.int32],
    time_ms: NDArray[np.int64],
    start_ms: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Device codes (n,) that the customers use: mostly the phone, which is replaced from time to time."""
    which = np.minimum(rng.exponential(0.33, len(customer)).astype(np.int64), OWN_DEVICES - 1)
    age_days = (time_ms - start_ms) / DAY_MS + world.device_age_days[customer]
    generation = np.where(which == 0, age_days // world.device_days[customer], 0).astype(np.int64)
    codes: NDArray[np.int64] = (customer.astype(np.int64) * OWN_DEVICES + which) * GENERATIONS + generation
    return codes


def foreign_devices(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` device codes that no customer has."""
    return rng.integers(FOREIGN, 1 << 62, count)


def device_ids(codes: NDArray[np.int64], seed: int) -> list[str | None]:
    """Ids of device codes; they do not show whose device it is.

    The mixing (a bijection of 64 bits) keeps different codes apart.
    """
    # Python's integers, as a NumPy seed would warn of the overflow; arrays wrap around silently.
    offset = int(seed) * 0x9E3779B97F4A7C15 % (1 << 64)
    mixed = codes.astype(np.uint64) + np.uint64(offset)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    pairs = zip(codes.tolist(), mixed.tolist(), strict=True)
    return [None if code == NO_DEVICE else f"d{value:016x}" for code, value in pairs]

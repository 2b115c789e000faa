"""Scenario: purchases of gift cards."""

import numpy as np
from numpy.typing import NDArray

from producers.categories import category_code
from producers.rows import Rows
from producers.scenarios.card_use import use_in_shop
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import MINUTE_MS

CARD_VALUES = np.array([50.0, 75.0, 100.0, 150.0])


def gift_cards(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Buy gift cards of round values at groceries near the victim's home.

    The pattern that a model trained before the drift has never seen: at home, unhurried, no new device.
    """
    attacks = Episodes.draw(transactions, 2, 4, rng)
    customer = attacks.victims(scene, rng)
    count = attacks.transactions
    return use_in_shop(
        scene.world,
        customer=customer,
        merchant=_groceries(scene, customer, rng),
        amount=rng.choice(CARD_VALUES, count),
        time_ms=attacks.times(scene, rng.uniform(20, 240, count) * MINUTE_MS, rng),
        rng=rng,
    )


def _groceries(scene: Scene, customer: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    """Pick a grocery in each customer's home city: every city has at least one."""
    world = scene.world
    groceries = np.flatnonzero(world.merchant_category == category_code("grocery"))
    first = np.searchsorted(world.merchant_city[groceries], np.arange(world.cities + 1))
    city = world.home_city[customer]
    size = first[city + 1] - first[city]
    chosen = first[city] + (size * rng.random(len(city))).astype(np.int64)
    merchant: NDArray[np.int32] = groceries[chosen].astype(np.int32)
    return merchant

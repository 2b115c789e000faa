"""Scenario: a stolen card in shop after shop."""

import numpy as np
from numpy.typing import NDArray

from producers.categories import MEDIANS
from producers.rows import Rows
from producers.scenarios.card_use import use_in_shop
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import MINUTE_MS


def stolen_card_spree(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Steal a card near its owner's home and use it in shop after shop until it is blocked."""
    attacks = Episodes.draw(transactions, 4, 9, rng)
    customer = attacks.victims(scene, rng)
    count = attacks.transactions
    merchant = _expensive_shops(scene, scene.world.home_city[customer], rng)
    greed = np.exp(rng.normal(1.4, 0.6, count))
    return use_in_shop(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=scene.world.usual_amount(customer, merchant) * greed,
        time_ms=attacks.times(scene, rng.uniform(3, 25, count) * MINUTE_MS, rng),
        rng=rng,
    )


def _expensive_shops(scene: Scene, city: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    """Pick the dearer of two shops in each city (n,): what is bought must be worth selling on."""
    one, other = scene.world.pick_merchants(city, rng), scene.world.pick_merchants(city, rng)
    category = scene.world.merchant_category
    return np.where(MEDIANS[category[one]] >= MEDIANS[category[other]], one, other)

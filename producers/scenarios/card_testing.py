"""Scenario: card testing with small amounts."""

import numpy as np
from numpy.typing import NDArray

from producers.devices import foreign_devices
from producers.rows import Rows
from producers.scenarios.card_use import hide_devices, use_online
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import MINUTE_MS


def card_testing(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Try out bought card data: four to nine small amounts within minutes, then a large one."""
    attacks = Episodes.draw(transactions, 5, 10, rng)
    customer, last = attacks.victims(scene, rng), attacks.is_last
    count = attacks.transactions
    merchant = scene.world.pick_online(count, rng)
    small = rng.uniform(0.5, 6.0, count)
    large = 60 + scene.world.level[customer] * np.exp(rng.normal(5.0, 0.6, count))
    minutes: NDArray[np.float64] = np.where(last, rng.uniform(3, 60, count), rng.uniform(0.2, 2.5, count))
    device = foreign_devices(len(attacks), rng)[attacks.episode]
    return use_online(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=np.where(last, large, small),
        time_ms=attacks.times(scene, MINUTE_MS * minutes, rng),
        device=hide_devices(device, 0.3, rng),
        rng=rng,
    )

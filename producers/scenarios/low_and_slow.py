"""Scenario: ordinary amounts over weeks."""

import numpy as np

from producers.devices import foreign_devices
from producers.rows import Rows
from producers.scenarios.card_use import hide_devices, use_online
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import HOUR_MS


def low_and_slow(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Use card data about daily for ordinary amounts, over one to three weeks, to stay unseen."""
    attacks = Episodes.draw(transactions, 5, 12, rng)
    customer = attacks.victims(scene, rng)
    count = attacks.transactions
    time_ms = attacks.times(scene, rng.uniform(12, 60, count) * HOUR_MS, rng)
    # Always the same two shops: those where the data have been seen to work.
    merchant = attacks.online_shops(scene, 2, time_ms, rng)[attacks.episode, rng.integers(0, 2, count)]
    device = foreign_devices(len(attacks), rng)[attacks.episode]
    return use_online(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=scene.world.usual_amount(customer, merchant) * np.exp(rng.normal(0.3, 0.5, count)),
        time_ms=time_ms,
        device=hide_devices(device, 0.25, rng),
        rng=rng,
    )

"""Scenario: account takeover from a new device."""

import numpy as np

from producers.devices import foreign_devices
from producers.rows import Rows
from producers.scenarios.card_use import use_online
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import MINUTE_MS


def account_takeover(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Simulate a fraudster who logs in from an own device and buys what the customer would not."""
    attacks = Episodes.draw(transactions, 2, 5, rng)
    customer = attacks.victims(scene, rng)
    count = attacks.transactions
    merchant = scene.world.pick_online(count, rng)
    greed = np.exp(rng.normal(1.6, 0.6, count))
    return use_online(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=scene.world.usual_amount(customer, merchant) * greed,
        time_ms=attacks.times(scene, rng.uniform(5, 120, count) * MINUTE_MS, rng),
        device=foreign_devices(len(attacks), rng)[attacks.episode],
        rng=rng,
    )

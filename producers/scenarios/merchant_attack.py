"""Scenario: a merchant under attack."""

import numpy as np
from numpy.typing import NDArray

from producers.devices import foreign_devices
from producers.rows import NO_DEVICE, Rows
from producers.scenarios.card_use import use_online
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import MINUTE_MS

CARDS = (8, 40)
MINUTES = (10.0, 240.0)
DEVICES = 3
PROBES = 0.5
"""Share of the attacks with small amounts, which test the card data; the others cash in."""


def merchant_attack(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Use 8 to 40 cards once each at one merchant on the internet, within minutes to hours.

    The amounts of an attack are nearly equal. It comes from a few devices, from hidden ones, or from programs
    that pose as a new device each time.
    """
    attacks = Episodes.draw(transactions, *CARDS, rng)
    customer = attacks.separate_victims(rng.permutation(scene.world.customers), attacks.sizes, rng)
    small = rng.random(len(attacks)) < PROBES
    price = np.where(small, rng.uniform(1, 15, len(attacks)), rng.uniform(20, 100, len(attacks)))
    time_ms = attacks.times_within(scene, rng.uniform(*MINUTES, len(attacks)) * MINUTE_MS, rng)
    return use_online(
        scene.world,
        customer=customer,
        merchant=attacks.online_shops(scene, 1, time_ms, rng)[attacks.episode, 0],
        amount=price[attacks.episode] * np.exp(rng.normal(0, 0.2, attacks.transactions)),
        time_ms=time_ms,
        device=_devices(attacks, rng),
        rng=rng,
    )


def _devices(attacks: Episodes, rng: np.random.Generator) -> NDArray[np.int64]:
    few = foreign_devices(DEVICES * len(attacks), rng).reshape(-1, DEVICES)
    shared = few[attacks.episode, rng.integers(0, DEVICES, attacks.transactions)]
    posed = foreign_devices(attacks.transactions, rng)
    origin = rng.choice(3, len(attacks), p=(0.5, 0.25, 0.25))[attacks.episode]
    return np.choose(origin, [shared, NO_DEVICE, posed])

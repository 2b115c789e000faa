"""Scenario: many cards on the devices of a ring."""

import numpy as np
from numpy.typing import NDArray

from producers.devices import foreign_devices
from producers.rows import Rows
from producers.scenarios.card_use import use_online
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import HOUR_MS

CARDS = (5, 40)
DEVICES = 3
SHOPS = 6
HOURS = (6.0, 96.0)


def fraud_ring(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Use 5 to 40 cards of one city on the same one to three devices, within hours to days.

    Each device sees at least five cards. The amounts are ordinary and the city is the victims' own, so that
    a single customer shows a new device and nothing else.
    """
    rings = Episodes.draw(transactions, CARDS[0], 60, rng)
    cards = np.clip(rings.sizes * rng.uniform(0.4, 0.8, len(rings)), *CARDS).astype(np.int64)
    customer = rings.separate_victims(scene.world.neighbours(rng), cards, rng)
    count = rings.transactions
    time_ms = rings.times_within(scene, rng.uniform(*HOURS, len(rings)) * HOUR_MS, rng)
    merchant = rings.online_shops(scene, SHOPS, time_ms, rng)[rings.episode, rng.integers(0, SHOPS, count)]
    return use_online(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=scene.world.usual_amount(customer, merchant) * np.exp(rng.normal(0.2, 0.5, count)),
        time_ms=time_ms,
        device=_devices(rings, cards, rng),
        city=scene.world.home_city[customer[rings.step == 0]][rings.episode],
        rng=rng,
    )


def _devices(rings: Episodes, cards: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw device codes (n,): a card's first use is on its own device of the ring, later ones on any."""
    codes = foreign_devices(DEVICES * len(rings), rng).reshape(-1, DEVICES)
    devices = rng.integers(1, np.minimum(DEVICES, cards // CARDS[0]) + 1)[rings.episode]
    later = rings.step >= cards[rings.episode]
    number = np.where(later, rng.integers(0, devices), rings.step % devices)
    device: NDArray[np.int64] = codes[rings.episode, number]
    return device

import numpy as np

from producers.categories import category_code
from producers.rows import Rows
from producers.scenarios.card_use import use_in_shop
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene

MINUTE_MS = 60_000
CARD_VALUES = np.array([50.0, 75.0, 100.0, 150.0])


def gift_cards(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Gift cards of round values are bought at groceries near the victim's home.

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


def _groceries(
    scene: Scene, customer: np.ndarray[tuple[int], np.dtype[np.int32]], rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """A grocery in each customer's home city: every city has at least one."""
    world = scene.world
    groceries = np.flatnonzero(world.merchant_category == category_code("grocery"))
    first = np.searchsorted(world.merchant_city[groceries], np.arange(world.cities + 1))
    city = world.home_city[customer]
    size = first[city + 1] - first[city]
    return groceries[first[city] + (size * rng.random(len(city))).astype(np.int64)].astype(np.int32)

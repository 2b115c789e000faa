import numpy as np

from producers.rows import Rows
from producers.scenarios.card_use import use_in_shop
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene

MINUTE_MS = 60_000


def stolen_card_spree(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """A card is stolen near its owner's home and used in shop after shop until it is blocked."""
    attacks = Episodes.draw(transactions, 3, 8, rng)
    customer = attacks.victims(scene, rng)
    count = attacks.transactions
    merchant = scene.world.pick_merchants(scene.world.home_city[customer], rng)
    greed = np.exp(rng.normal(0.9, 0.6, count))
    return use_in_shop(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=scene.world.usual_amount(customer, merchant) * greed,
        time_ms=attacks.times(scene, rng.uniform(5, 45, count) * MINUTE_MS, rng),
        rng=rng,
    )

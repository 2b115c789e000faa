"""Scenario: card use in two distant locations."""

import numpy as np
from numpy.typing import NDArray

from producers.card_world import CardWorld
from producers.rows import Rows
from producers.scenarios.card_use import use_in_shop
from producers.scenarios.episodes import Episodes
from producers.scenarios.scene import Scene
from schemas.durations import MINUTE_MS

FAR_KM = 800.0


def impossible_travel(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Use a copy of the card in a far city, sooner than its owner could have come there.

    Each attack follows a genuine payment in a shop within 40 minutes, at least `FAR_KM` away (or in the
    farthest city of a small world).
    """
    attacks = Episodes.draw(transactions, 1, 3, rng)
    anchors = _anchors(scene)
    if not len(anchors):
        return scene.genuine.take(anchors)
    anchor = rng.choice(anchors, len(attacks))
    customer = scene.genuine.customer[anchor][attacks.episode]
    city = _far_cities(scene.world, scene.world.merchant_city[scene.genuine.merchant[anchor]], rng)
    merchant = scene.world.pick_merchants(city[attacks.episode], rng)
    count = attacks.transactions
    gaps = np.where(attacks.step == 0, rng.uniform(5, 40, count), rng.uniform(3, 40, count)) * MINUTE_MS
    elapsed = np.cumsum(gaps)
    elapsed -= (elapsed - gaps)[attacks.step == 0][attacks.episode]
    time_ms = scene.genuine.time_ms[anchor][attacks.episode] + elapsed.astype(np.int64)
    rows = use_in_shop(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=scene.world.usual_amount(customer, merchant) * np.exp(rng.normal(1.1, 0.6, count)),
        time_ms=time_ms,
        rng=rng,
    )
    return rows.take(np.flatnonzero(time_ms < scene.end_ms))


def _anchors(scene: Scene) -> NDArray[np.intp]:
    """Genuine rows in shops with a known location, within the scene."""
    time_ms = scene.genuine.time_ms
    inside = (time_ms >= scene.begin_ms) & (time_ms < scene.end_ms - 40 * MINUTE_MS)
    in_shop = ~scene.world.is_online(scene.genuine.merchant) & ~np.isnan(scene.genuine.latitude)
    return np.flatnonzero(inside & in_shop)


def _far_cities(world: CardWorld, city: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    distance = world.city_distances_km()[city]
    far = distance >= np.minimum(FAR_KM, distance.max(axis=1, keepdims=True))
    chosen: NDArray[np.int32] = np.argmax(far * (1 + rng.random(far.shape)), axis=1).astype(np.int32)
    return chosen

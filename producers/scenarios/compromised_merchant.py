"""Scenario: card data stolen at a merchant."""

import numpy as np
from numpy.typing import NDArray

from producers.rows import Rows
from producers.scenarios.card_use import use_in_shop
from producers.scenarios.scene import Scene
from schemas.durations import DAY_MS, HOUR_MS

FRAUDS_PER_MERCHANT = 15
WINDOW_DAYS = (7.0, 21.0)


def compromised_merchant(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Charge the customers of some shops there again, during one to three weeks.

    A single customer shows little of it; the merchant's other customers would.
    """
    merchants = max(1, round(transactions / FRAUDS_PER_MERCHANT))
    anchor = _visits(scene, merchants, rng)
    if not transactions or not len(anchor):
        return scene.genuine.take(anchor[:0])
    anchor = rng.choice(anchor, transactions, replace=transactions > len(anchor))
    customer, merchant = scene.genuine.customer[anchor], scene.genuine.merchant[anchor]
    later = np.minimum(rng.exponential(8.0, transactions), 48.0) * HOUR_MS
    latest = scene.end_ms - 1 - scene.genuine.time_ms[anchor]
    usual = scene.world.usual_amount(customer, merchant)
    return use_in_shop(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=usual * np.exp(rng.normal(1.0, 0.6, transactions)),
        time_ms=scene.genuine.time_ms[anchor] + np.minimum(later, latest).astype(np.int64),
        rng=rng,
    )


def _visits(scene: Scene, merchants: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Genuine rows at so many chosen shops, each during its own weeks."""
    genuine, world = scene.genuine, scene.world
    inside = (genuine.time_ms >= scene.begin_ms) & (genuine.time_ms < scene.end_ms)
    inside &= ~world.is_online(genuine.merchant)
    visits = np.bincount(genuine.merchant[inside], minlength=len(world.merchant_city))
    known = np.flatnonzero(visits)
    if not len(known):
        return known
    weights = visits[known] / visits[known].sum()
    chosen = rng.choice(known, min(merchants, len(known)), replace=False, p=weights)
    span = scene.end_ms - scene.begin_ms
    length = np.minimum(rng.uniform(*WINDOW_DAYS, len(chosen)) * DAY_MS, span)
    first_ms = np.full(len(visits), np.iinfo(np.int64).max)
    last_ms = np.zeros(len(visits), dtype=np.int64)
    first_ms[chosen] = scene.begin_ms + (rng.random(len(chosen)) * (span - length)).astype(np.int64)
    last_ms[chosen] = first_ms[chosen] + length.astype(np.int64)
    inside &= genuine.time_ms >= first_ms[genuine.merchant]
    inside &= genuine.time_ms < last_ms[genuine.merchant]
    return np.flatnonzero(inside)

"""Scenario: card data stolen at a merchant."""

import numpy as np
from numpy.typing import NDArray

from producers.categories import MEDIANS
from producers.rows import Rows
from producers.scenarios.card_use import use_in_shop
from producers.scenarios.scene import Scene
from schemas.durations import DAY_MS, HOUR_MS

FRAUDS_PER_MERCHANT = 15
WINDOW_DAYS = (7.0, 21.0)
BURST_SHARE = 2 / 3
BURST_HOURS = (1.0, 5.0)


def compromised_merchant(scene: Scene, transactions: int, rng: np.random.Generator) -> Rows:
    """Charge the customers of some shops there again.

    Two of three merchants collect the cards of one to three weeks and charge them all within hours, at nearly
    the same price. The others charge each customer hours after the visit. A single customer shows little of it;
    the merchant's other customers would.
    """
    merchants = max(1, round(transactions / FRAUDS_PER_MERCHANT))
    anchor, collected_ms = _visits(scene, merchants, rng)
    if not transactions or not len(anchor):
        return scene.genuine.take(anchor[:0])
    anchor = _charged(anchor, scene.genuine.merchant, transactions, rng)
    customer, merchant = scene.genuine.customer[anchor], scene.genuine.merchant[anchor]
    in_burst = (rng.random(len(collected_ms)) < BURST_SHARE)[merchant]
    soon = scene.genuine.time_ms[anchor] + np.minimum(rng.exponential(8.0, transactions), 48.0) * HOUR_MS
    length = rng.uniform(*BURST_HOURS, len(collected_ms))[merchant] * HOUR_MS
    at_once = collected_ms[merchant] + rng.random(transactions) * length
    time_ms = np.minimum(np.where(in_burst, at_once, soon), scene.end_ms - 1).astype(np.int64)
    usual = scene.world.usual_amount(customer, merchant) * np.exp(rng.normal(1.0, 0.6, transactions))
    price = _prices(scene, rng)[merchant] * np.exp(rng.normal(0, 0.1, transactions))
    return use_in_shop(
        scene.world,
        customer=customer,
        merchant=merchant,
        amount=np.where(in_burst, price, usual),
        time_ms=time_ms,
        rng=rng,
    )


def _charged(
    visits: NDArray[np.intp], merchant: NDArray[np.int32], transactions: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw the visits whose cards are charged: as many at each shop, however many customers it has."""
    by_shop = visits[np.argsort(merchant[visits], kind="stable")]
    _, first, count = np.unique(merchant[by_shop], return_index=True, return_counts=True)
    shop = rng.integers(0, len(first), transactions)
    charged: NDArray[np.intp] = by_shop[first[shop] + (rng.random(transactions) * count[shop]).astype(np.int64)]
    return charged


def _prices(scene: Scene, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a price for each merchant (merchants,), major units: higher than what is usually paid there."""
    median = MEDIANS[scene.world.merchant_category]
    price: NDArray[np.float64] = median * np.exp(rng.normal(1.0, 0.6, len(median)))
    return price


def _visits(scene: Scene, merchants: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return genuine rows at that many chosen shops, each during its own weeks, and their end (merchants,).

    The weeks end at any time of the scene and may begin before it, so that there are bursts from its first days on.
    """
    genuine, world = scene.genuine, scene.world
    inside = (genuine.time_ms >= scene.begin_ms) & (genuine.time_ms < scene.end_ms)
    inside &= ~world.is_online(genuine.merchant)
    visits = np.bincount(genuine.merchant[inside], minlength=len(world.merchant_city))
    known = np.flatnonzero(visits)
    if not len(known):
        return known, visits
    weights = visits[known] / visits[known].sum()
    chosen = rng.choice(known, min(merchants, len(known)), replace=False, p=weights)
    first_ms = np.full(len(visits), np.iinfo(np.int64).max)
    last_ms = np.zeros(len(visits), dtype=np.int64)
    span = scene.end_ms - scene.begin_ms - BURST_HOURS[1] * HOUR_MS
    last_ms[chosen] = scene.begin_ms + (rng.random(len(chosen)) * span).astype(np.int64)
    first_ms[chosen] = last_ms[chosen] - (rng.uniform(*WINDOW_DAYS, len(chosen)) * DAY_MS).astype(np.int64)
    inside &= genuine.time_ms >= first_ms[genuine.merchant]
    inside &= genuine.time_ms < last_ms[genuine.merchant]
    return np.flatnonzero(inside), last_ms

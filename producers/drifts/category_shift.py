"""Drift: purchases move from shops to the internet."""

from dataclasses import replace

import numpy as np

from producers.card_world import CardWorld
from producers.categories import MEDIANS, TransactionType
from producers.devices import own_devices
from producers.rows import GENUINE, Rows

SHARE = 0.5


def category_shift(world: CardWorld, rows: Rows, drift_ms: int, rng: np.random.Generator) -> Rows:
    """Move half of the purchases in shops to the internet from `drift_ms` on."""
    in_shop = (rows.scenario == GENUINE) & ~world.is_online(rows.merchant)
    moved = in_shop & (rows.time_ms >= drift_ms) & (rng.random(len(rows)) < SHARE)
    online = world.pick_online(len(rows), rng)
    ratio = MEDIANS[world.merchant_category[online]] / MEDIANS[world.merchant_category[rows.merchant]]
    device = own_devices(world, rows.customer, rows.time_ms, int(rows.time_ms[0]), rng)
    return replace(
        rows,
        merchant=np.where(moved, online, rows.merchant),
        kind=np.where(moved, TransactionType.ONLINE, rows.kind).astype(np.int8),
        amount=np.where(moved, rows.amount * ratio, rows.amount),
        device=np.where(moved, device, rows.device),
        latitude=np.where(moved, np.nan, rows.latitude),
        longitude=np.where(moved, np.nan, rows.longitude),
    )

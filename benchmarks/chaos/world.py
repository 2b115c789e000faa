"""Transactions and labels of a chaos run: a simulated world, with labels that are repeated and revised."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from producers.replay import milliseconds
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import EVENT_TIME, LABEL_ARROW, LABELLED_ARROW
from schemas.durations import DAY_MS

CUSTOMER_TRANSACTIONS, DAYS = 300, 40
"""Transactions of a customer in the whole stream: more than a history keeps individually, for most of the run."""
LABEL_DELAY_DAYS = 3.0
REPEATED, REVISED = 0.03, 0.03


def draw_world(seed: int, *, rows: int) -> pa.Table:
    """Simulate `rows` transactions in the columns of LABELLED_ARROW, sorted by event time."""
    customers = max(50, rows // CUSTOMER_TRANSACTIONS)
    per_day = 1.2 * rows / customers / DAYS  # customers differ, and all together they must be enough
    config = SimulationConfig(
        seed=seed,
        customers=customers,
        days=DAYS,
        transactions_per_customer_day=per_day,
        fraud_rate=0.02,
        label_delay_days=LABEL_DELAY_DAYS,
    )
    return simulate(config).slice(0, rows).select(LABELLED_ARROW.names)


def draw_labels(table: pa.Table, seed: int) -> pa.Table:
    """Return the labels of a world sorted by label time, in the columns of LABEL_ARROW.

    Some are repeated unchanged a day later, some with the opposite label and a later label time.
    """
    chance = np.random.default_rng(seed).random(len(table))
    labels = table.select(LABEL_ARROW.names)
    again = labels.filter(pa.array(chance < REPEATED))
    back = labels.filter(pa.array((chance >= REPEATED) & (chance < REPEATED + REVISED)))
    revised = pa.array(~back["is_fraud"].to_numpy())
    back = back.set_column(back.column_names.index("is_fraud"), LABEL_ARROW.field("is_fraud"), revised)
    back = _later(back)
    sent_ms = [_times_ms(labels), _times_ms(again) + DAY_MS, _times_ms(back)]
    every = pa.concat_tables([labels, again.cast(labels.schema), back.cast(labels.schema)])
    return every.take(pa.array(np.argsort(np.concatenate(sent_ms), kind="stable")))


def _later(labels: pa.Table) -> pa.Table:
    """Return labels with a label time a day later."""
    times = pa.array(_times_ms(labels) + DAY_MS).cast(EVENT_TIME)
    return labels.set_column(labels.column_names.index("label_time"), LABEL_ARROW.field("label_time"), times)


def _times_ms(labels: pa.Table) -> NDArray[np.int64]:
    return milliseconds(labels, "label_time")

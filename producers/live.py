"""Simulated transactions at a steady rate."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
import pyarrow as pa

from producers.encoding import Record, encode_transactions
from producers.publisher import Progress, Published, Publisher
from producers.replay import rows_at_once
from producers.schedule import ConstantRate
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig, epoch_ms
from schemas.declaration.declaration import Declaration
from schemas.errors import UserError
from schemas.registry import SchemaRegistry, value_subject

CHAPTER_S = 600
CHAPTER_EVENTS = (2_000, 300_000)
SEED_STEP = 1_000_003


def produce(
    config: SimulationConfig,
    publisher: Publisher,
    topic: str,
    registry: SchemaRegistry,
    *,
    rate: float,
    begin: datetime,
    seconds: float | None = None,
    on_progress: Progress | None = None,
    declaration: Declaration | None = None,
) -> Published:
    """Publish simulated transactions at `rate` events a second, without end or for `seconds`.

    The simulation is sent in chapters of some minutes. The event times of a chapter are the
    `config.days` before it begins, so that customers have a history, at the pace at which a model was
    trained; they are never in the future. Each chapter has customers of its own, as many as it takes.

    Parameters
    ----------
    config : SimulationConfig
        The kind of world; `start`, `run` and `customers` are set here, a drift is refused.
    publisher, topic, registry
        Destination; the registry gives the schema's id.
    rate : float
        Events a second.
    begin : datetime
        The present moment, with a time zone: event times are reckoned from it.
    seconds : float or None
        None continues until interrupted.
    on_progress : callable or None
        Called with the number sent so far.
    declaration : Declaration, optional
        Its columns have no values, as the simulator knows none.

    Returns
    -------
    Published

    Raises
    ------
    UserError
        The rate or the seconds are not above 0, a drift is set, or the producer failed for good.
    """
    schedule = ConstantRate(rate)
    if seconds is not None and not seconds > 0:
        raise UserError(f"expected seconds above 0, got {seconds}: leave them out to continue until interrupted")
    if config.drift is not None:
        raise UserError(f"expected no drift for live production, got {config.drift}: simulate and replay it")
    events = None if seconds is None else math.ceil(rate * seconds)
    rows, subject = rows_at_once(schedule, rate), value_subject(topic)
    records = live_records(
        config, registry, subject, rate=rate, events=events, begin=begin, rows=rows, declaration=declaration
    )
    return publisher.publish(records, topic, schedule=schedule, on_progress=on_progress)


def live_records(
    config: SimulationConfig,
    registry: SchemaRegistry,
    subject: str,
    *,
    rate: float,
    events: int | None,
    begin: datetime,
    rows: int,
    declaration: Declaration | None = None,
) -> Iterator[Record]:
    """Yield the encoded records of `produce`: `events` of them, or without end."""
    chapters = _chapters(config, rate=rate, events=events, begin=begin)
    records = (
        record
        for chapter in chapters
        for record in encode_transactions(chapter, registry, subject, rows_at_once=rows, declaration=declaration)
    )
    yield from islice(records, events)


def _chapters(config: SimulationConfig, *, rate: float, events: int | None, begin: datetime) -> Iterator[pa.Table]:
    size = int(np.clip(rate * CHAPTER_S, *CHAPTER_EVENTS))
    size = size if events is None else min(size, max(events, CHAPTER_EVENTS[0]))
    number, sent = 0, 0
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="simulate") as pool:
        # The next chapter is made while this one is sent: the pace must not wait for it.
        upcoming = pool.submit(simulate, _chapter_config(config, number, size, begin))
        while events is None or sent < events:
            table = upcoming.result()
            number, sent = number + 1, sent + len(table)
            if events is None or sent < events:
                later = begin + timedelta(seconds=sent / rate)
                upcoming = pool.submit(simulate, _chapter_config(config, number, size, later))
            yield table


def _chapter_config(config: SimulationConfig, number: int, size: int, end: datetime) -> SimulationConfig:
    customers = math.ceil(size / (config.days * config.transactions_per_customer_day))
    start = end - timedelta(days=config.days)
    # The start in the ids: a second run must not repeat the ids of the first one.
    run = f"-{epoch_ms(start):x}"
    seed = config.seed + number * SEED_STEP
    return replace(config, seed=seed, customers=max(customers, 10), start=start, run=run)

"""Cost of bad records: the job drains as many records with bad ones among them as without.

Bad are 10 % of every reason; or one in ten, or in a hundred, that makes a stage of the operator raise by an injected
fault (`faulty_job`), one stage after the other. The drains take turns, each a job of its own on the same, warm
TaskManager, from its first score until every record is scored or a dead letter.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import faulty_job
from benchmarks.bench import bench_model, bench_settings, console
from benchmarks.drain import BRIEF_EVENTS, TURNS, drain_seconds, in_turns
from benchmarks.report import Report
from fraudstream.control.submit import SCRIPT
from fraudstream.devstack.stack import Services, embedded
from fraudstream.kafka.topics import create_topics
from producers.encoding import encode_transactions
from producers.publisher import KeyedRecord
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.avro_schemas import TRANSACTION
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.framing import header
from schemas.registry import FileRegistry
from schemas.topics import Topics
from schemas.validation import Limits

WORLD = SimulationConfig(seed=2, customers=10_000, days=30)
EVENTS = 400_000
BAD_EVERY = 10
CULPRIT_EVERY = {"culprits, 1 in 10": 10, "culprits, 1 in 100": 100}
ONE_STAGE = 10_000
"""Records in a row whose culprits fail at the same stage: a fault comes with one release, not with five."""

FAR_AHEAD_MS = 4_102_444_800_000

CHANGES: tuple[dict[str, Any], ...] = (
    {"transaction_id": ""}, {"amount_minor": -1}, {"latitude": 91.0, "longitude": 0.0}, {"currency": "x" * 300},
    {"event_time": -1}, {"event_time": FAR_AHEAD_MS},
)  # fmt: skip
"""Each breaks a limit."""


def run(brief: bool = False, *, events: int = EVENTS) -> Report:
    """Drain in turn with each kind of bad records."""
    events = min(events, BRIEF_EVENTS) if brief else events
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, events)
    bad = {"clean": 0, "every reason, 1 in 10": events // BAD_EVERY}
    bad |= {name: events // every for name, every in CULPRIT_EVERY.items()}
    with embedded(settings) as services:
        with console.status(f"filling {len(bad)} topics with {events:,} records each"):
            for number, name in enumerate(bad):
                _fill(services, table, name, number)

        def seconds_of(name: str, turn: int) -> float:
            own = _with_topics(services, list(bad).index(name), turn)
            topics = own.settings.topics
            wanted = {topics.scores: events - bad[name], topics.dead_letters: bad[name]}
            script = Path(faulty_job.__file__) if name in CULPRIT_EVERY else SCRIPT
            return drain_seconds(own, wanted, script)

        rates = in_turns({name: partial(seconds_of, name) for name in bad}, events, 1 if brief else TURNS)
    ratios = {name: round(rate / rates["clean"], 3) for name, rate in rates.items()}
    figures = {"rates": {name: round(rate) for name, rate in rates.items()}, "ratios": ratios}
    return Report.of_figures("poison", __doc__, figures)


def _with_topics(services: Services, number: int, turn: int) -> Services:
    topics = Topics(transactions=f"poison.{number}", scores=f"poison.scores.{turn}", dead_letters=f"poison.dlq.{turn}")
    return services.with_settings(topics=topics, job=services.settings.job.model_copy(update={"labels": False}))


def _fill(services: Services, table: pa.Table, name: str, number: int) -> None:
    """Publish the transactions with the bad records of a case."""
    own = _with_topics(services, number, 0)
    create_topics(own.broker)
    if name in CULPRIT_EVERY:
        table = with_culprits(table, CULPRIT_EVERY[name])
    records: Iterator[KeyedRecord] = encode_transactions(table, FileRegistry(), "t-value")
    if name == "every reason, 1 in 10":
        records = spoilt(records, table)
    with services.broker.publisher() as publisher:
        publisher.publish(records, own.settings.topics.transactions)


def with_culprits(table: pa.Table, every: int) -> pa.Table:
    """Return a table whose every n-th transaction has an amount that `faulty_job` fails for."""
    numbers = np.arange(len(table))
    amounts = list(faulty_job.FAULTY_MINOR.values())
    faulty = np.array(amounts)[numbers // ONE_STAGE % len(amounts)]
    index = table.schema.get_field_index("amount_minor")
    sound = table.column("amount_minor").to_numpy()
    column = pa.array(np.where(numbers % every == every - 1, faulty, sound), pa.int64())
    return table.set_column(index, table.schema.field(index), column)


def spoilt(records: Iterator[KeyedRecord], table: pa.Table) -> Iterator[KeyedRecord]:
    """Yield the encoded transactions of a table, every BAD_EVERY-th made bad."""
    codec = RecordCodec(TRANSACTION, "t-value", FileRegistry())
    for number, (key, value) in enumerate(records):
        if number % BAD_EVERY == BAD_EVERY - 1:
            yield _bad(number // BAD_EVERY, key, value, table.slice(number, 1), codec)
        else:
            yield key, value


def _bad(number: int, key: bytes | None, value: bytes, row: pa.Table, codec: RecordCodec) -> KeyedRecord:
    """Return a transaction made bad, in another way for each number."""
    broken: tuple[KeyedRecord, ...] = (
        (key, value[: len(value) // 2]),
        (key, value + b"\x00"),
        (key, header(9_999) + value[5:]),
        (key, b"poison"),
        (None, value),
        (b"another", value),
        (key, value + bytes(Limits().max_record_bytes)),
    )
    kind = number % (len(broken) + len(CHANGES))
    if kind < len(broken):
        return broken[kind]
    record = row.select(TRANSACTION_ARROW.names).to_pylist()[0]
    return key, codec.encode({**record, **CHANGES[kind - len(broken)]})

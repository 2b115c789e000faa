"""What poison costs: the job drains as many records with 10 % bad ones of every reason among them as without.

`python -m benchmarks.poison` prints one JSON object as last line. The drains take turns, each a job of its own on the
same, warm TaskManager, from its first score until every record is scored or a dead letter.
"""

import json
import statistics
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from benchmarks.bench import ROOT, bench_model, bench_settings
from benchmarks.drain import drain_seconds
from producers.encoding import encode_transactions
from producers.publisher import KeyedRecord, Publisher
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.embedded import Services, embedded
from runtime.failures import RuntimeFailure
from runtime.settings import Settings
from runtime.topics import create_topics
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
FAR_AHEAD_MS = 4_102_444_800_000

TURNS = ("clean", "poisoned", "clean", "poisoned", "clean", "poisoned")
"""The first of each warms the JVM up and does not count."""

CHANGES: tuple[dict[str, Any], ...] = (
    {"transaction_id": ""}, {"amount_minor": -1}, {"latitude": 91.0, "longitude": 0.0}, {"currency": "x" * 300},
    {"event_time": -1}, {"event_time": FAR_AHEAD_MS},
)  # fmt: skip
"""Each breaks a limit."""

console = Console(stderr=True, highlight=False)


def main() -> None:
    """Drain in turn and print the ratio."""
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, EVENTS)
    rates: dict[str, list[float]] = {name: [] for name in TURNS}
    with embedded(settings) as services:
        with console.status(f"filling two topics with {EVENTS:,} records each"):
            bad = {name: _fill(settings, services, table, name) for name in rates}
        for turn, name in enumerate(TURNS):
            with console.status(f"draining the {name} one, {turn + 1} of {len(TURNS)}"):
                own = _settings_of(settings, name, turn)
                wanted = {own.topics.scores: EVENTS - bad[name], own.topics.dead_letters: bad[name]}
                rates[name].append(EVENTS / drain_seconds(own, services, wanted))
    _show(rates, bad)
    clean, poisoned = (statistics.mean(rates[name][1:]) for name in ("clean", "poisoned"))
    result = {"clean": round(clean), "poisoned": round(poisoned), "ratio": round(poisoned / clean, 3)}
    print(json.dumps(result))


def _settings_of(settings: Settings, name: str, turn: int) -> Settings:
    topics = Topics(transactions=f"poison.{name}", scores=f"poison.scores.{turn}", dead_letters=f"poison.dlq.{turn}")
    job = settings.job.model_copy(update={"labels": False})
    return settings.model_copy(update={"topics": topics, "job": job})


def _fill(settings: Settings, services: Services, table: pa.Table, name: str) -> int:
    """Publish the transactions, some of them spoilt or not; returns how many are bad."""
    own = _settings_of(settings, name, 0)
    create_topics(own, services.bootstrap_servers)
    records = encode_transactions(table, FileRegistry(), "t-value")
    with Publisher(services.bootstrap_servers, settings=settings.kafka.properties) as publisher:
        publisher.publish(spoilt(records, table) if name == "poisoned" else records, own.topics.transactions)
    return EVENTS // BAD_EVERY if name == "poisoned" else 0


def spoilt(records: Iterator[KeyedRecord], table: pa.Table) -> Iterator[KeyedRecord]:
    """Yield the encoded transactions of a table, every BAD_EVERY-th made bad."""
    codec = RecordCodec(TRANSACTION, "t-value", FileRegistry())
    for number, (key, value) in enumerate(records):
        if number % BAD_EVERY == BAD_EVERY - 1:
            yield _bad(number // BAD_EVERY, key, value, table.slice(number, 1), codec)
        else:
            yield key, value


def _bad(number: int, key: bytes | None, value: bytes, row: pa.Table, codec: RecordCodec) -> KeyedRecord:
    """Return a transaction made bad in one of the ways that there are, in turn."""
    broken: tuple[KeyedRecord, ...] = (
        (key, value[: len(value) // 2]),
        (key, value + b"\x00"),
        (key, header(9_999) + value[5:]),
        (key, b"poison"),
        (None, value),
        (b"nobody", value),
        (key, value + bytes(Limits().max_record_bytes)),
    )
    kind = number % (len(broken) + len(CHANGES))
    if kind < len(broken):
        return broken[kind]
    record = row.select(TRANSACTION_ARROW.names).to_pylist()[0]
    return key, codec.encode({**record, **CHANGES[kind - len(broken)]})


def _show(rates: dict[str, list[float]], bad: dict[str, int]) -> None:
    table = Table(box=None)
    table.add_column("bad records")
    table.add_column("events/s, turn by turn (the first warms up)", justify="right")
    for name, found in rates.items():
        table.add_row(f"{bad[name]:,} of {EVENTS:,}", ", ".join(f"{rate:,.0f}" for rate in found))
    console.print(table)


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

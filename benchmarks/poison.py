"""What poison costs: the job drains as many records with 10 % bad ones of every reason among them as without.

`python -m benchmarks.poison` prints one JSON object as last line. The drains take turns, each a job of its own on the
same, warm TaskManager, from its first score until every record is scored or a dead letter.
"""

import json
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa

from benchmarks.bench import ROOT, bench_model, bench_settings, console
from benchmarks.drain import drain_seconds, in_turns
from producers.encoding import encode_transactions
from producers.publisher import KeyedRecord, Publisher
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.configuration.settings import Settings
from runtime.host.failures import RuntimeFailure
from runtime.kafka.kafka_client import shared_properties
from runtime.kafka.topics import create_topics
from runtime.local.embedded import Services, embedded
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

CHANGES: tuple[dict[str, Any], ...] = (
    {"transaction_id": ""}, {"amount_minor": -1}, {"latitude": 91.0, "longitude": 0.0}, {"currency": "x" * 300},
    {"event_time": -1}, {"event_time": FAR_AHEAD_MS},
)  # fmt: skip
"""Each breaks a limit."""


def main() -> None:
    """Drain in turn and print the ratio."""
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, EVENTS)
    bad = {"clean": 0, "poisoned": EVENTS // BAD_EVERY}
    with embedded(settings) as services:
        with console.status(f"filling two topics with {EVENTS:,} records each"):
            for name in bad:
                _fill(settings, services, table, name)

        def seconds_of(name: str, turn: int) -> float:
            own = _settings_of(settings, name, turn)
            wanted = {own.topics.scores: EVENTS - bad[name], own.topics.dead_letters: bad[name]}
            return drain_seconds(own, services, wanted)

        rates = in_turns({name: partial(seconds_of, name) for name in bad}, EVENTS)
    clean, poisoned = rates.values()
    print(json.dumps({"clean": round(clean), "poisoned": round(poisoned), "ratio": round(poisoned / clean, 3)}))


def _settings_of(settings: Settings, name: str, turn: int) -> Settings:
    topics = Topics(transactions=f"poison.{name}", scores=f"poison.scores.{turn}", dead_letters=f"poison.dlq.{turn}")
    job = settings.job.model_copy(update={"labels": False})
    return settings.model_copy(update={"topics": topics, "job": job})


def _fill(settings: Settings, services: Services, table: pa.Table, name: str) -> None:
    """Publish the transactions, some of them spoilt or not."""
    own = _settings_of(settings, name, 0)
    create_topics(own, services.bootstrap_servers)
    records = encode_transactions(table, FileRegistry(), "t-value")
    with Publisher(services.bootstrap_servers, settings=shared_properties(settings)) as publisher:
        publisher.publish(spoilt(records, table) if name == "poisoned" else records, own.topics.transactions)


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


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

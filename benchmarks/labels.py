"""What labels cost: the job drains the same transactions with and without the labels known by the last of them.

`python -m benchmarks.labels` prints one JSON object as last line. Each drain is a job of its own on the same, warm
TaskManager, timed from its first score until every transaction is scored and every label is learned.
"""

import json
import statistics
import sys

import pyarrow as pa
from confluent_kafka import TopicPartition
from rich.console import Console
from rich.table import Table

from benchmarks.bench import PATIENCE_S, ROOT, bench_model, bench_settings, publish
from benchmarks.drain import scoring
from producers.publisher import Publisher
from producers.replay_with_labels import replay_with_labels
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.deadline import wait_until
from runtime.embedded import Services, embedded
from runtime.failures import RuntimeFailure
from runtime.kafka_client import open_consumer
from runtime.settings import Settings
from runtime.topic_reader import await_records, partition_ranges
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.registry import open_registry, value_subject
from schemas.topics import Topics
from schemas.wall_clock import now_ms

WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS = 1_000_000
PROBES = 20
"""Transactions sent again to see which labels are known: some for every shard."""

TURNS = (False, True, False, True, False, True)
"""With labels or without. The first of each warms the JVM up and does not count."""

console = Console(stderr=True, highlight=False)


def main() -> None:
    """Drain in turn and print the ratio."""
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, EVENTS)
    rates: dict[bool, list[float]] = {False: [], True: []}
    with embedded(settings) as services:
        with console.status(f"filling the topics with {EVENTS:,} transactions and the labels known by then"):
            labels = _fill(settings, services, table)
        for turn, learns in enumerate(TURNS):
            with console.status(f"draining {'with' if learns else 'without'} labels, {turn + 1} of {len(TURNS)}"):
                seconds = _drain(settings, services, table, turn, labels=labels if learns else 0)
                rates[learns].append(EVENTS / seconds)
    without, with_labels = (statistics.mean(rates[learns][1:]) for learns in (False, True))
    _show(rates, labels)
    ratio = round(with_labels / without, 3)
    print(json.dumps({"without": round(without), "with_labels": round(with_labels), "ratio": ratio}))


def _fill(settings: Settings, services: Services, table: pa.Table) -> int:
    """Publish the transactions, and return how many labels lie between them."""
    topics = settings.topics
    with Publisher(services.bootstrap_servers, settings=settings.kafka.properties) as publisher:
        _, labels = replay_with_labels(table, publisher, topics.transactions, topics.labels, open_registry(None))
    return labels.records


def _drain(settings: Settings, services: Services, table: pa.Table, turn: int, *, labels: int) -> float:
    """Return the seconds that a new job takes from its first score until all is scored and learned.

    Parameters
    ----------
    settings, services
        Where the topics lie.
    table : pyarrow.Table
        The transactions in the topic.
    turn : int
        A number of the job's own.
    labels : int
        How many the job is to learn; 0 for a job that reads none.
    """
    scores = f"bench.scores.{turn}"
    own = settings.model_copy(
        update={
            "topics": Topics(scores=scores),
            "job": settings.job.model_copy(update={"labels": labels}),
        }
    )
    with scoring(own, services) as begun:
        await_records(own, services.bootstrap_servers, scores, len(table), seconds=PATIENCE_S)
        if labels and not wait_until(lambda: _labels_known(own, services, table) >= labels, seconds=PATIENCE_S):
            raise RuntimeFailure(
                f"expected {labels:,} labels to be learned within {PATIENCE_S:.0f} s: see the job's logs"
            )
        return (now_ms() - begun) / 1000


def _labels_known(settings: Settings, services: Services, table: pa.Table) -> int:
    """Return how many labels every shard knew when it scored the newest transactions; send some more of them."""
    topic = settings.topics.scores
    codec = RecordCodec(SCORE, value_subject(topic), open_registry(None))
    consumer = open_consumer(settings, services.bootstrap_servers)
    known: dict[int, int] = {}
    try:
        for partition, _, high in partition_ranges(consumer, topic):
            consumer.assign([TopicPartition(topic, partition, max(high - PROBES, 0))])
            for message in consumer.consume(min(high, PROBES), 10.0):
                score = codec.decode(message.value() or b"")
                known[score["shard"]] = max(known.get(score["shard"], 0), sum(score["label_offsets"]))
    finally:
        consumer.close()
    publish(settings, services, table.slice(len(table) - PROBES))
    return min(known.values())


def _show(rates: dict[bool, list[float]], labels: int) -> None:
    table = Table(box=None)
    table.add_column("labels")
    table.add_column("events/s, turn by turn (the first warms up)", justify="right")
    for learns, name in ((False, "none"), (True, f"{labels:,}")):
        table.add_row(name, ", ".join(f"{rate:,.0f}" for rate in rates[learns]))
    console.print(table)


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

"""What labels cost: the job drains the same transactions without labels and with one label for each, in turn.

`python -m benchmarks.labels` prints one JSON object as last line. Each drain is a job of its own on the same, warm
TaskManager, timed from its first score to its last; with labels the last score must have known them all.
"""

import json
import statistics
import sys

from confluent_kafka import TopicPartition
from rich.console import Console
from rich.table import Table

from benchmarks.bench import PATIENCE_S, ROOT, bench_model, bench_settings, publish
from producers.publisher import Publisher
from producers.replay import replay_labels
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.embedded import Services, embedded
from runtime.failures import RuntimeFailure
from runtime.kafka_client import open_consumer
from runtime.settings import Settings
from runtime.submit import stop_job, submit
from runtime.topic_reader import await_records
from runtime.topics import create_topics
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.registry import open_registry, value_subject
from schemas.topics import Topics
from schemas.wall_clock import now_ms

WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS = 1_000_000
TURNS = (False, True, False, True, False)
"""With labels or without. The first warms the JVM up and does not count."""

console = Console(stderr=True, highlight=False)


def main() -> None:
    """Drain in turn and print the ratio."""
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, EVENTS)
    rates: dict[bool, list[float]] = {False: [], True: []}
    with embedded(settings) as services:
        with console.status(f"filling the topics with {EVENTS:,} transactions and their labels"):
            publish(settings, services, table)
            with Publisher(services.bootstrap_servers, settings=settings.kafka.properties) as publisher:
                replay_labels(table, publisher, settings.topics.labels, open_registry(None))
        for turn, labels in enumerate(TURNS):
            with console.status(f"draining {'with' if labels else 'without'} labels, {turn + 1} of {len(TURNS)}"):
                rates[labels].append(_drain(settings, services, turn, labels=labels))
    without, with_labels = statistics.mean(rates[False][1:]), statistics.mean(rates[True])
    _show(rates)
    ratio = round(with_labels / without, 3)
    print(json.dumps({"without": round(without), "with_labels": round(with_labels), "ratio": ratio}))


def _drain(settings: Settings, services: Services, turn: int, *, labels: bool) -> float:
    """Return events a second of a new job, between its first score and its last."""
    scores = f"bench.scores.{turn}"
    own = settings.model_copy(
        update={
            "topics": Topics(scores=scores),
            "job": settings.job.model_copy(update={"labels": labels}),
        }
    )
    create_topics(own, services.bootstrap_servers)
    job = submit(own, services)
    await_records(own, services.bootstrap_servers, scores, 1, seconds=PATIENCE_S)
    begun = now_ms()
    await_records(own, services.bootstrap_servers, scores, EVENTS, seconds=PATIENCE_S)
    seconds = (now_ms() - begun) / 1000
    known = _labels_known(own, services)
    stop_job(own, services, job.job_id, savepoint=False)
    if known != (EVENTS if labels else 0):
        raise RuntimeFailure(
            f"expected the last score to know {EVENTS:,} labels, was {known:,}: the drain is too short"
        )
    return EVENTS / seconds


def _labels_known(settings: Settings, services: Services) -> int:
    """Return how many labels the newest scores knew."""
    topic = settings.topics.scores
    codec = RecordCodec(SCORE, value_subject(topic), open_registry(None))
    consumer = open_consumer(settings, services.bootstrap_servers)
    try:
        known = 0
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            _, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            consumer.assign([TopicPartition(topic, partition, max(high - 1, 0))])
            (message,) = consumer.consume(1, 10.0)
            known = max(known, sum(codec.decode(message.value() or b"")["label_offsets"]))
        return known
    finally:
        consumer.close()


def _show(rates: dict[bool, list[float]]) -> None:
    table = Table(box=None)
    table.add_column("labels")
    table.add_column("events/s, turn by turn", justify="right")
    for labels, name in ((False, "none (the first warms up)"), (True, "one for each transaction")):
        table.add_row(name, ", ".join(f"{rate:,.0f}" for rate in rates[labels]))
    console.print(table)


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

"""Cost of labels: the job drains the same transactions with and without the labels known by the last of them.

Each drain is a job of its own on the same, warm TaskManager, timed from its first score until every transaction is
scored and every label is read.
"""

import pyarrow as pa
from confluent_kafka import TopicPartition

from benchmarks.bench import PATIENCE_S, bench_model, bench_settings, console, publish
from benchmarks.drain import BRIEF_EVENTS, EVENTS, TURNS, WORLD, in_turns, scoring
from benchmarks.report import Report
from fraudstream.devstack.stack import Services, embedded
from fraudstream.kafka.topic_reader import await_records, partition_ranges
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from producers.replay_with_labels import replay_with_labels
from producers.simulate import simulate
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from schemas.topics import Topics
from schemas.wall_clock import now_ms

PROBES = 20
"""Transactions sent again to read which labels are known: some for every shard."""


def run(brief: bool = False, *, events: int = EVENTS) -> Report:
    """Drain in turn with and without the labels."""
    events = min(events, BRIEF_EVENTS) if brief else events
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, events)
    with embedded(settings) as services:
        with console.status(f"filling the topics with {events:,} transactions and the labels known by then"):
            labels = _fill(settings, services, table)
        rates = in_turns(
            {
                "without labels": lambda turn: _drain(settings, services, table, turn, labels=0),
                f"with {labels:,} labels": lambda turn: _drain(settings, services, table, turn, labels=labels),
            },
            events,
            1 if brief else TURNS,
        )
    without, with_labels = rates.values()
    ratio = round(with_labels / without, 3)
    figures = {"without": round(without), "with_labels": round(with_labels), "ratio": ratio}
    return Report.of_figures("labels", __doc__, figures)


def _fill(settings: Settings, services: Services, table: pa.Table) -> int:
    """Publish the transactions and the labels between them; return the number of labels."""
    topics = settings.topics
    with services.broker(settings).publisher() as publisher:
        _, labels = replay_with_labels(table, publisher, topics.transactions, topics.labels, open_registry(None))
    return labels.records


def _drain(settings: Settings, services: Services, table: pa.Table, turn: int, *, labels: int) -> float:
    """Return the seconds until a new job has scored all and read this many labels; at 0 it reads no labels."""
    topics = Topics(scores=f"bench.scores.{turn}")
    own = settings.model_copy(update={"topics": topics, "job": settings.job.model_copy(update={"labels": labels > 0})})
    with scoring(own, services) as begun:
        await_records(services.broker(own), topics.scores, len(table), seconds=PATIENCE_S)
        sent_at = [now_ms()]

        def all_known() -> bool:
            # Probes read scores of before they were sent: reading takes seconds, which are not the job's time.
            known = _labels_known(own, services, table) >= labels
            sent_at.extend([] if known else [now_ms()])
            return known

        if labels and not wait_until(all_known, seconds=PATIENCE_S):
            raise RuntimeFailure(
                f"expected {labels:,} labels to be read within {PATIENCE_S:.0f} s, got fewer. See the job's logs."
            )
        return (sent_at[-1] - begun) / 1000


def _labels_known(settings: Settings, services: Services, table: pa.Table) -> int:
    """Return how many labels every shard knew when it scored the newest transactions; send more probes."""
    topic = settings.topics.scores
    codec = RecordCodec(SCORE, value_subject(topic), open_registry(None))
    consumer = services.broker(settings).consumer()
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

"""What labels cost: the job drains the same transactions with and without the labels known by the last of them.

`python -m benchmarks.labels` prints one JSON object as last line. Each drain is a job of its own on the same, warm
TaskManager, timed from its first score until every transaction is scored and every label is learned.
"""

import json
import sys

import pyarrow as pa
from confluent_kafka import TopicPartition

from benchmarks.bench import PATIENCE_S, ROOT, bench_model, bench_settings, console, publish
from benchmarks.drain import EVENTS, WORLD, in_turns, scoring
from fraudstream.devstack.stack import Services, embedded
from fraudstream.kafka.topic_reader import await_records, partition_ranges
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from producers.replay_with_labels import replay_with_labels
from producers.simulate import simulate
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.registry import open_registry, value_subject
from schemas.topics import Topics
from schemas.wall_clock import now_ms

PROBES = 20
"""Transactions sent again to see which labels are known: some for every shard."""


def main() -> None:
    """Drain in turn and print the ratio."""
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, EVENTS)
    with embedded(settings) as services:
        with console.status(f"filling the topics with {EVENTS:,} transactions and the labels known by then"):
            labels = _fill(settings, services, table)
        rates = in_turns(
            {
                "without labels": lambda turn: _drain(settings, services, table, turn, labels=0),
                f"with {labels:,} labels": lambda turn: _drain(settings, services, table, turn, labels=labels),
            },
            EVENTS,
        )
    without, with_labels = rates.values()
    ratio = round(with_labels / without, 3)
    print(json.dumps({"without": round(without), "with_labels": round(with_labels), "ratio": ratio}))


def _fill(settings: Settings, services: Services, table: pa.Table) -> int:
    """Publish the transactions, and return how many labels lie between them."""
    topics = settings.topics
    with services.broker(settings).publisher() as publisher:
        _, labels = replay_with_labels(table, publisher, topics.transactions, topics.labels, open_registry(None))
    return labels.records


def _drain(settings: Settings, services: Services, table: pa.Table, turn: int, *, labels: int) -> float:
    """Return the seconds until a new job has scored all and learned so many labels; it reads none at 0."""
    topics = Topics(scores=f"bench.scores.{turn}")
    own = settings.model_copy(update={"topics": topics, "job": settings.job.model_copy(update={"labels": labels > 0})})
    with scoring(own, services) as begun:
        await_records(services.broker(own), topics.scores, len(table), seconds=PATIENCE_S)
        asked = [now_ms()]

        def all_known() -> bool:
            # What is asked tells of scores that were there before: asking, seconds long, is not the job's time.
            known = _labels_known(own, services, table) >= labels
            asked.extend([] if known else [now_ms()])
            return known

        if labels and not wait_until(all_known, seconds=PATIENCE_S):
            raise RuntimeFailure(
                f"expected {labels:,} labels to be learned within {PATIENCE_S:.0f} s: see the job's logs"
            )
        return (asked[-1] - begun) / 1000


def _labels_known(settings: Settings, services: Services, table: pa.Table) -> int:
    """Return how many labels every shard knew when it scored the newest transactions; send some more of them."""
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


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

"""Cost of labels by the number of shards: the job drains the same transactions with and without the labels.

They are those known by the last transaction. Each drain is a job of its own on the same, warm TaskManager, timed from
its first score until every transaction is scored and every label is read. The cost of a label is the difference of both
times by the number of labels.
"""

from collections import Counter
from contextlib import closing

import pyarrow as pa
from confluent_kafka import TopicPartition

from benchmarks.bench import PATIENCE_S, bench_model, bench_settings, console, publish
from benchmarks.drain import BRIEF_EVENTS, EVENTS, TURNS, WORLD, in_turns, scoring
from benchmarks.report import Report
from fraudstream.devstack.stack import Services, embedded
from fraudstream.kafka.topic_reader import await_records, partition_ranges
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from models.features.entity import ENTITIES
from producers.replay_with_labels import replay_with_labels
from producers.simulate import simulate
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from schemas.topics import Topics
from schemas.wall_clock import now_ms

SHARDS = (2, 8, 32)
PROBES = 1_000
"""Transactions sent again to read which labels are known: some for every shard."""


def run(brief: bool = False, *, events: int = EVENTS) -> Report:
    """Drain in turn with and without the labels."""
    events = min(events, BRIEF_EVENTS) if brief else events
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, events)
    with embedded(settings) as services:
        with console.status(f"filling the topics with {events:,} transactions and the labels known by then"):
            labels = _fill(services, table)
        figures: dict[str, float] = {}
        for shards in SHARDS[:1] if brief else SHARDS:
            own = services.with_settings(job=settings.job.model_copy(update={"shards": shards}))
            figures |= _figures(own, table, labels, 1 if brief else TURNS)
    return Report.of_figures("labels", __doc__, figures)


def _figures(services: Services, table: pa.Table, labels: dict[int, int], turns: int) -> dict[str, float]:
    count, events, shards = sum(labels.values()), len(table), services.settings.job.shards
    rates = in_turns(
        {
            f"{shards} shards, without labels": lambda turn: _drain(services, table, turn, {}),
            f"{shards} shards, with {count:,} labels": lambda turn: _drain(services, table, turn, labels),
        },
        events,
        turns,
    )
    without, with_labels = rates.values()
    return {
        f"without_{shards}_shards": round(without),
        f"with_labels_{shards}_shards": round(with_labels),
        f"ratio_{shards}_shards": round(with_labels / without, 3),
        f"us_per_label_{shards}_shards": round((events / with_labels - events / without) * 1e6 / count, 2),
    }


def _fill(services: Services, table: pa.Table) -> dict[int, int]:
    """Publish the transactions and the labels between them; return the number of labels of each partition."""
    topics, broker = services.settings.topics, services.broker
    with broker.publisher() as publisher:
        replay_with_labels(table, publisher, topics.transactions, topics.labels, open_registry(None))
        publisher.flush()
    with closing(broker.consumer()) as consumer:
        return {partition: high for partition, _, high in partition_ranges(consumer, topics.labels)}


def _drain(services: Services, table: pa.Table, turn: int, labels: dict[int, int]) -> float:
    """Return the seconds until a new job has scored all and read these labels; without any it reads none."""
    job = services.settings.job.model_copy(update={"labels": bool(labels)})
    topics = Topics(scores=f"bench.scores.{job.shards}.{turn}")
    own = services.with_settings(topics=topics, job=job)
    with scoring(own) as begun:
        await_records(own.broker, topics.scores, len(table), seconds=PATIENCE_S)
        sent_at = [now_ms()]

        def all_known() -> bool:
            # Probes read scores of before they were sent: reading takes seconds, which are not the job's time.
            found = _labels_known(own, table)
            known = all(found.get(partition, 0) >= end for partition, end in labels.items())
            sent_at.extend([] if known else [now_ms()])
            return known

        if labels and not wait_until(all_known, seconds=PATIENCE_S):
            raise RuntimeFailure(
                f"expected {sum(labels.values()):,} labels to be read within {PATIENCE_S:.0f} s, got fewer. "
                "See the job's logs."
            )
        return (sent_at[-1] - begun) / 1000


def _labels_known(services: Services, table: pa.Table) -> dict[int, int]:
    """Return the next label of each partition that no score of the newest transactions knows; send more probes.

    It is the smaller one of what customers and merchants know. A partition's labels go to all shards in one sequence.
    """
    topic = services.settings.topics.scores
    codec = RecordCodec(SCORE, value_subject(topic), open_registry(None))
    known: tuple[Counter[int], Counter[int]] = Counter(), Counter()
    with closing(services.broker.consumer()) as consumer:
        for partition, _, high in partition_ranges(consumer, topic):
            consumer.assign([TopicPartition(topic, partition, max(high - PROBES, 0))])
            for message in consumer.consume(min(high, PROBES), 10.0):
                score = codec.decode(message.value() or b"")
                of_merchant = score["entity_label_offsets"][: len(score["entity_label_offsets"]) // len(ENTITIES)]
                for found, offsets in zip(known, (score["label_offsets"], of_merchant), strict=True):
                    found |= Counter(dict(enumerate(offsets)))
    publish(services, table.slice(len(table) - PROBES))
    return dict(known[0] & known[1])

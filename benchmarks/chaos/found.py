"""Topics of a chaos run, read with read_committed after its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.baselines.naive_labels import KnownLabel
from benchmarks.chaos.chaos_result import Found
from benchmarks.chaos.label_history import PositionedLabel
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topic_reader import read_topic
from schemas.avro_schemas import ALERT, LABEL, SCORE, TRANSACTION
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry, value_subject

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Positioned = tuple[int, int, dict[str, Any]]
"""Partition, offset and record."""


def read_topics(services: Services) -> tuple[Found, list[PositionedLabel]]:
    """Read the topics of the run, and the labels with their positions."""
    topics = services.settings.topics

    def records(name: str, topic: str) -> Iterator[Positioned]:
        codec = RecordCodec(name, value_subject(topic), FileRegistry())
        messages = list(read_topic(services.broker, topic))
        messages.sort(key=lambda message: (message.partition(), message.offset()))
        for message in messages:
            yield message.partition() or 0, message.offset() or 0, codec.decode(message.value() or b"")

    labels = [_positioned(*found) for found in records(LABEL, topics.labels)]
    found = Found(
        transactions=[
            (record["customer_id"], record["transaction_id"])
            for _, _, record in records(TRANSACTION, topics.transactions)
        ],
        scores=[record for _, _, record in records(SCORE, topics.scores)],
        alerts=[record for _, _, record in records(ALERT, topics.alerts)],
        dead_letters=sum(1 for _ in read_topic(services.broker, topics.dead_letters)),
        label_ends=_ends(labels),
    )
    return found, labels


def _positioned(partition: int, offset: int, record: dict[str, Any]) -> PositionedLabel:
    label = KnownLabel(
        transaction_id=record["transaction_id"],
        customer_id=record["customer_id"],
        merchant_id=record["merchant_id"],
        amount_minor=record["amount_minor"],
        device_id=record["device_id"],
        is_fraud=record["is_fraud"],
        label_time_ms=(record["label_time"] - _EPOCH) // timedelta(milliseconds=1),
    )
    return PositionedLabel(label=label, partition=partition, offset=offset)


def _ends(labels: list[PositionedLabel]) -> dict[str, dict[int, int]]:
    """Return of each customer the offset after its last label, per partition."""
    ends: dict[str, dict[int, int]] = defaultdict(dict)
    for label in labels:
        of_customer = ends[label.label.customer_id]
        of_customer[label.partition] = max(of_customer.get(label.partition, 0), label.offset + 1)
    return ends

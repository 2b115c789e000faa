"""A customer's transactions around an alert."""

import time
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import partition_ranges

READ_RECORDS = 60_000
"""Records of a topic that are searched: on a busy topic the history is shorter, never slower."""
READ_S = 5.0
AFTERWARDS_MS = 60_000
ROWS = 50


class CustomerHistory:
    """Finds a customer's transactions around a moment, with what the job decided, in the topics.

    The job keeps no list of transactions, so the newest records before the moment are searched; records of other
    customers are skipped by their keys, and not decoded.
    """

    def __init__(self, broker: Broker) -> None:
        topics = broker.topics
        self._codecs = broker.codecs(topics.transactions, topics.scores)
        self._broker = broker

    def find(self, customer_id: str, moment: datetime) -> list[dict[str, Any]]:
        """Return the customer's transactions that came until a minute after a moment, the newest event first.

        Parameters
        ----------
        moment
            Time at which the job scored the transaction in question.

        Returns
        -------
        list of dict
            At most ROWS, the fields of `transaction.avsc` with `score` and `decision`, None where not scored.
        """
        topics, key = self._broker.topics, customer_id.encode()
        # Not of their sum: a foreign record of the alerts topic may name the last second of all years.
        until_ms = max(0, int(moment.timestamp() * 1000) + AFTERWARDS_MS)
        consumer = self._broker.consumer()
        try:
            scores = {score["transaction_id"]: score for score in self._read(consumer, topics.scores, key, until_ms)}
            transactions = self._read(consumer, topics.transactions, key, until_ms)
        finally:
            consumer.close()
        rows = {transaction["transaction_id"]: transaction for transaction in transactions}
        newest = sorted(rows.values(), key=lambda row: row["event_time"], reverse=True)[:ROWS]
        return [{**row, **_decided(scores.get(row["transaction_id"]))} for row in newest]

    def _read(self, consumer: Consumer, topic: str, key: bytes, until_ms: int) -> list[dict[str, Any]]:
        ranges = _ranges_before(consumer, topic, until_ms)
        consumer.assign([TopicPartition(topic, part, begin) for part, (begin, _) in ranges.items()])
        messages, deadline = [], time.monotonic() + READ_S
        while ranges and time.monotonic() < deadline:
            found = consumer.consume(10_000, 0.2)
            messages += [message for message in found if message.error() is None and message.key() == key]
            for position in consumer.position([TopicPartition(topic, part) for part in ranges]):
                if position.offset >= ranges[position.partition][1]:
                    del ranges[position.partition]
        records = [record for message in messages if (record := self._codecs.decode(message)) is not None]
        # The job refuses a record under another customer's key; its id may be one of this customer's too.
        return [record for record in records if record["customer_id"].encode() == key]


def _ranges_before(consumer: Consumer, topic: str, until_ms: int) -> dict[int, tuple[int, int]]:
    """Return the first offset and the one after the last, by partition, of the records before a Kafka time."""
    whole = {part: (low, high) for part, low, high in partition_ranges(consumer, topic) if high > low}
    if not whole:
        return {}  # the client rejects a search in no partition
    ends = consumer.offsets_for_times([TopicPartition(topic, part, until_ms) for part in whole], timeout=READ_S)
    share = READ_RECORDS // len(whole)
    ranges = {}
    for found in ends:
        low, high = whole[found.partition]
        end = found.offset if found.offset >= 0 else high  # none is that late: all are before
        ranges[found.partition] = (max(low, end - share), end)
    return {part: (begin, end) for part, (begin, end) in ranges.items() if end > begin}


def _decided(score: dict[str, Any] | None) -> dict[str, Any]:
    return {"score": score and score["score"], "decision": score and score["decision"]}

"""Baseline as a consumer loop: confluent-kafka with a dict of histories, scored by chunk.

State is in memory only: a failure loses it, and outputs may be repeated.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from benchmarks.baselines.arguments import Arguments, parse_arguments
from benchmarks.baselines.card_scorer import CardScorer
from benchmarks.baselines.window_sums import WindowSums

CHUNK = 1_000


class PlainLoop:
    """Scorer of chunks: decode, advance, score, decide, send."""

    def __init__(self, arguments: Arguments) -> None:
        self._scorer = CardScorer(arguments.model)
        self._histories: dict[str, WindowSums] = defaultdict(WindowSums)
        self._arguments = arguments
        self._producer = open_producer(arguments)

    def process(self, messages: Sequence[Message]) -> None:
        """Score a chunk and send its scores and alerts."""
        scorer, histories, producer = self._scorer, self._histories, self._producer
        records = [scorer.decode(payload) for message in messages if (payload := message.value()) is not None]
        rows = [scorer.advance(histories[record["customer_id"]], record) for record in records]
        for record, (score, alert) in zip(records, scorer.outputs(records, rows), strict=True):
            producer.produce(self._arguments.scores_topic, score, record["customer_id"])
            if alert:
                producer.produce(self._arguments.alerts_topic, alert, record["customer_id"])
        producer.poll(0)


def open_consumer(arguments: Arguments) -> Consumer:
    """Open a consumer of the partitions that are this process's: a customer is always in the same one."""
    consumer = Consumer(
        {
            "bootstrap.servers": arguments.bootstrap_servers,
            "group.id": arguments.group,
            "auto.offset.reset": "earliest",
        }
    )
    partitions = consumer.list_topics(arguments.topic, timeout=10).topics[arguments.topic].partitions
    own = [partition for partition in partitions if partition % arguments.processes == arguments.process]
    consumer.assign([TopicPartition(arguments.topic, partition, 0) for partition in own])
    return consumer


def open_producer(arguments: Arguments) -> Producer:
    """Open a producer that collects records for a few milliseconds and never refuses one."""
    return Producer(
        {
            "bootstrap.servers": arguments.bootstrap_servers,
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 2_000_000,
        }
    )


def consume(arguments: Arguments, chunk: int, process: Callable[[Sequence[Message]], None]) -> None:
    """Process the messages of the topic in chunks until stopped."""
    consumer = open_consumer(arguments)
    while True:
        messages = [message for message in consumer.consume(chunk, 1.0) if message.error() is None]
        if messages:
            process(messages)


if __name__ == "__main__":
    arguments = parse_arguments(__doc__)
    consume(arguments, CHUNK, PlainLoop(arguments).process)

"""Plain alternative to a Flink job: a confluent-kafka loop with a dict of histories, scored by chunk.

State is in memory only: when the loop dies, everything is gone, and nothing is known of what was sent twice.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from benchmarks.baselines.arguments import Arguments, parse_arguments
from benchmarks.baselines.card_scorer import CardScorer
from benchmarks.baselines.window_sums import WindowSums

CHUNK = 1_000


class PlainLoop:
    """Decode, advance, score, decide, send; a chunk at a time."""

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
    """Open a producer that gathers records for a few milliseconds and never refuses one."""
    return Producer(
        {
            "bootstrap.servers": arguments.bootstrap_servers,
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 2_000_000,
        }
    )


def consume(arguments: Arguments, chunk: int, process: Callable[[Sequence[Message]], None]) -> None:
    """Have the messages of the topic processed, a chunk of them at a time, until stopped."""
    consumer = open_consumer(arguments)
    while True:
        messages = [message for message in consumer.consume(chunk, 1.0) if message.error() is None]
        if messages:
            process(messages)


if __name__ == "__main__":
    told = parse_arguments(__doc__)
    consume(told, CHUNK, PlainLoop(told).process)

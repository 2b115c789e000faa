"""Inputs of the running job and of the tools: aborted records, added partitions, times after 2038."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)
from confluent_kafka.admin import (
    NewPartitions as WantedPartitions,
)

from fraudstream.kafka.new_partitions import NewPartitions
from fraudstream.kafka.topic_reader import topic_starts
from fraudstream.system.deadline import wait_until
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S
from tests.records import NOON_MS, label, label_codec, transaction, transaction_codec

pytestmark = pytest.mark.integration

IN_2040_MS, IN_9999_MS, NEVER_MS = 2_209_032_000_000, 253_402_300_799_000, 2**63 - 1


def records(first: int, count: int, **changes) -> list[tuple[bytes, bytes]]:
    codec, rows = transaction_codec(), [transaction(number, **changes) for number in range(first, first + count)]
    return [(row["customer_id"].encode(), codec.encode(row)) for row in rows]


def send_aborted(lane: Lane, sent: dict[str, list[tuple[bytes, bytes]]]) -> None:
    """Send records in an aborted transaction."""
    producer = Producer({"bootstrap.servers": lane.broker.bootstrap_servers, "transactional.id": "taken-back"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for topic, pairs in sent.items():
        for key, value in pairs:
            producer.produce(topic, key=key, value=value)
    assert producer.flush(30) == 0
    producer.abort_transaction(30)


def ids(lane: Lane) -> set[str]:
    return {item["transaction_id"] for item in lane.scores()}


@pytest.fixture(scope="module")
def lane(running) -> Iterator[Lane]:
    """Run one job for all tests of this file, on topics that accept every time."""
    lane = running.lane(partitions=1)
    accept_all_times(lane, lane.topics.transactions)
    lane.submit()
    yield lane
    lane.cancel()


def accept_all_times(lane: Lane, topic: str) -> None:
    entry = ConfigEntry("message.timestamp.after.max.ms", str(2**63 - 1), incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    client = AdminClient({"bootstrap.servers": lane.broker.bootstrap_servers})
    for future in client.incremental_alter_configs([changed]).values():
        future.result()


def test_records_of_an_aborted_transaction_are_neither_scored_nor_used_as_labels(lane):
    known = label(0, is_fraud=True)
    aborted = {
        lane.topics.transactions: records(0, 3),
        lane.topics.labels: [(known["customer_id"].encode(), label_codec().encode(known))],
    }
    send_aborted(lane, aborted)
    lane.send_raw(records(10, 5))
    lane.await_scores(5)
    assert ids(lane) == {f"t{number:06d}" for number in range(10, 15)}
    assert {sum(item["label_offsets"]) for item in lane.scores()} <= {0, 2}, "the transaction's records and marker"
    assert not any(lane.dead_letters())


def add_partitions(lane: Lane, topic: str, count: int) -> None:
    client = AdminClient({"bootstrap.servers": lane.broker.bootstrap_servers})
    for future in client.create_partitions([WantedPartitions(topic, count)]).values():
        future.result()

    def led() -> bool:
        found = client.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
        return len(found) == count and all(part.leader >= 0 for part in found.values())

    assert wait_until(led, seconds=PATIENCE_S)


def produce(lane: Lane, topic: str, pairs: list[tuple[bytes, bytes]], **where) -> None:
    producer = Producer({"bootstrap.servers": lane.broker.bootstrap_servers})
    refused: list[object] = []
    for key, value in pairs:
        producer.produce(
            topic, key=key, value=value, on_delivery=lambda error, _: error and refused.append(error), **where
        )
    assert producer.flush(30) == 0
    assert not refused


def test_added_partitions_are_read_from_their_first_record_by_the_job_and_by_readers_without_a_group(lane):
    before = len(ids(lane))
    lane.send_raw(records(100, 5))
    lane.await_scores(before + 5)
    topic = lane.topics.transactions
    consumer = lane.broker.consumer()
    consumer.assign(topic_starts(consumer, [topic]))
    first = lane.size(topic) - 5
    added = NewPartitions(consumer, [topic])

    add_partitions(lane, topic, 3)
    produce(lane, topic, records(120, 4), partition=2)
    seen: list[tuple[int, int]] = []

    def read() -> bool:
        added.add()
        for message in consumer.consume(100, 0.2):
            assert message.error() is None
            seen.append((message.partition(), message.offset()))
        return seen.count((0, first + 4)) > 0 and len([number for part, number in seen if part == 2]) >= 4

    try:
        assert wait_until(read, seconds=PATIENCE_S, interval_s=0), seen
        assert {part.partition for part in consumer.assignment()} == {0, 1, 2}
    finally:
        consumer.close()
    assert [place for place in sorted(seen) if place >= (0, first)] == [
        *((0, first + number) for number in range(5)),
        *((2, number) for number in range(4)),
    ]
    lane.await_scores(before + 9)


def test_transactions_stamped_after_2038_or_without_a_time_stop_nothing(lane):
    topic = lane.topics.transactions

    def handled() -> int:
        return lane.size(lane.topics.scores) + lane.size(lane.topics.dead_letters)

    before = handled()
    for number, stamp_ms in enumerate((NOON_MS + 3_600_000, IN_2040_MS, IN_9999_MS, NEVER_MS)):
        produce(lane, topic, records(200 + 10 * number, 2), timestamp=stamp_ms)
    produce(lane, topic, records(250, 2))
    assert wait_until(lambda: handled() >= before + 10, seconds=PATIENCE_S), lane.dead_letters()
    assert ids(lane) >= {"t000200", "t000201", "t000210", "t000211", "t000250", "t000251"}
    assert lane.rest.root_cause(lane.job_ids[-1]) == ""

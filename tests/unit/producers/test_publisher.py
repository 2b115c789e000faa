"""Publishing at a rate, on a real broker."""

import time
from datetime import UTC, datetime
from itertools import count

import numpy as np
import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_CREATE_TIME,
    Consumer,
    Message,
    Producer,
    TopicPartition,
)

from producers.live import produce
from producers.publisher import Publisher
from producers.replay import replay, replay_labels
from producers.schedule import ConstantRate
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.avro_schemas import LABEL, TRANSACTION
from schemas.codec import RecordCodec
from schemas.errors import UserError
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from tests.patience import PATIENCE_S

BEGIN = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)

_numbers = count()


@pytest.fixture(scope="module")
def broker():
    """Run the test broker of librdkafka: the real protocol over a real socket, without a JVM."""
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 2})
    (only,) = owner.list_topics(timeout=PATIENCE_S).brokers.values()
    yield f"{only.host}:{only.port}"
    owner.close()


@pytest.fixture
def topic() -> str:
    return f"topic-{next(_numbers)}"


@pytest.fixture(scope="module")
def small():
    return simulate(SimulationConfig(seed=8, customers=20, merchants=100, days=10))


def read(broker: str, topic: str, expected: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": broker, "group.id": topic, "log_level": 2})
    partitions = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    messages: list[Message] = []
    deadline = time.monotonic() + 20
    while len(messages) < expected and time.monotonic() < deadline:
        messages += [m for m in consumer.consume(10_000, timeout=0.2) if m.error() is None]
    consumer.close()
    return messages


def test_replay_sends_each_transaction_once_sorted_by_event_time_per_customer(broker, topic, small):
    registry = open_registry(None)
    shuffled = small.take(np.random.default_rng(1).permutation(len(small)))
    with Publisher(broker) as publisher:
        result = replay(shuffled, publisher, topic, registry)
    assert result.records == len(small)
    messages = read(broker, topic, len(small))
    codec = RecordCodec(TRANSACTION, value_subject(topic), registry)
    records = [codec.decode(message.value()) for message in messages]
    assert [message.key().decode() for message in messages] == [r["customer_id"] for r in records]
    assert sorted(r["transaction_id"] for r in records) == small["transaction_id"].to_pylist()
    for customer in {r["customer_id"] for r in records}:
        times = [r["event_time"] for r in records if r["customer_id"] == customer]
        assert times == sorted(times)


def test_labels_are_sent_by_label_time(broker, topic, small):
    registry = open_registry(None)
    one = small.filter(np.array(small["customer_id"]) == small["customer_id"][0].as_py())
    with Publisher(broker) as publisher:
        replay_labels(one, publisher, topic, registry)
    codec = RecordCodec(LABEL, value_subject(topic), registry)
    times = [codec.decode(m.value())["label_time"] for m in read(broker, topic, len(one))]
    assert len(times) == len(one)
    assert times == sorted(times)


def test_rate_is_kept_and_each_record_is_stamped_with_its_due_time(broker, topic):
    records = [(b"one", b"x")] * 1_000
    with Publisher(broker) as publisher:
        result = publisher.publish(records, topic, schedule=ConstantRate(2_000))
    assert result.records == 1_000
    assert 0.49 < result.seconds < 2
    kinds, stamps = zip(*(m.timestamp() for m in read(broker, topic, 1_000)), strict=True)
    assert set(kinds) == {TIMESTAMP_CREATE_TIME}
    assert stamps[-1] - stamps[0] == pytest.approx(999 / 2, abs=1)


@pytest.mark.timeout(30)
def test_replay_at_a_speed_ends_with_its_last_event(broker, topic, small):
    few = small.slice(0, 100)
    first, last = (few["event_time"][row].as_py() for row in (0, -1))
    with Publisher(broker) as publisher:
        result = replay(few, publisher, topic, open_registry(None), speed=(last - first).total_seconds() / 0.5)
    assert result.records == 100
    assert 0.49 < result.seconds < 2


def test_live_production_lasts_its_seconds(broker, topic):
    registry, config = open_registry(None), SimulationConfig(seed=1, merchants=100)
    with Publisher(broker) as publisher:
        result = produce(config, publisher, topic, registry, rate=500, seconds=1, begin=BEGIN)
    assert result.records == 500
    assert len(read(broker, topic, 500)) == 500


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": 10, "seconds": 0}])
def test_live_production_refuses_zero_rate_and_zero_time(broker, topic, wrong):
    with pytest.raises(UserError, match="above 0"):
        produce(SimulationConfig(seed=1), Publisher(broker), topic, open_registry(None), begin=BEGIN, **wrong)


def test_full_queue_waits_and_loses_nothing(broker, topic):
    records = [(str(number).encode(), b"x" * 100) for number in range(5_000)]
    with Publisher(broker, settings={"queue.buffering.max.messages": 50}) as publisher:
        publisher.publish(records, topic)
    assert {m.key() for m in read(broker, topic, 5_000)} == {key for key, _ in records}


def test_progress_ends_with_the_number_sent(broker, topic):
    seen: list[int] = []
    with Publisher(broker) as publisher:
        publisher.publish([(b"k", b"v")] * 2_500, topic, on_progress=seen.append)
    assert seen[-1] == 2_500


def test_records_that_are_not_delivered_are_counted_at_the_end(broker, topic):
    publisher = Publisher(broker, settings={"message.max.bytes": 2_000_000})
    publisher.publish([(b"k", b"v")] * 10, topic)
    # As with an unreachable broker: these records expire at once.
    publisher._producer.purge(in_flight=True)
    with pytest.raises(UserError, match=r"expected every record delivered to .*, got 10 not"):
        publisher.flush()


def test_unreachable_broker_is_a_short_error():
    with pytest.raises(UserError, match=r"expected a Kafka broker at 127\.0\.0\.1:9, got none within 1 s"):
        Publisher("127.0.0.1:9", connect_timeout_s=1)


def test_unknown_setting_is_a_short_error():
    with pytest.raises(UserError, match="expected settings that librdkafka knows"):
        Publisher("127.0.0.1:9", settings={"linger.msec": 1})


def test_speed_and_rate_together_are_refused(broker, topic, small):
    publisher, registry = Publisher(broker), open_registry(None)
    with pytest.raises(UserError, match="a speed or a rate, got both"):
        replay(small, publisher, topic, registry, speed=1, rate=1)

"""Labels from reviews."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Producer

from fraudstream.console.reviews import Reviews, UndeliveredError
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import load_settings
from schemas.avro_schemas import LABEL
from schemas.topics import Topics
from tests.records import NOON
from tests.unit.fraudstream.console.records import alert, through


def reviews(now: datetime, **producer: object) -> Reviews:
    unreachable = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0, **producer}
    return Reviews(Broker(load_settings(), "127.0.0.1:1"), Producer(unreachable), clock=lambda: now)


def test_review_labels_the_transaction_of_the_alert_as_of_now():
    about = alert(7)
    label = reviews(NOON + timedelta(hours=1, microseconds=1_999)).label(about, is_fraud=True)
    assert label["label_time"] == NOON + timedelta(hours=1, milliseconds=1)
    assert label["is_fraud"] is True
    for name in ("transaction_id", "customer_id", "merchant_id", "amount_minor", "device_id", "event_time"):
        assert label[name] == about[name]
    assert through(LABEL, Topics().labels, label) == label


def test_no_label_is_known_before_its_transaction():
    """The job would refuse such a label; clocks differ."""
    about = alert(7, event_time=NOON + timedelta(seconds=5))
    assert reviews(NOON).label(about, is_fraud=False)["label_time"] == about["event_time"]


def test_label_that_cannot_be_delivered_is_reported():
    full = reviews(datetime.now(UTC), **{"queue.buffering.max.messages": 1})
    label = full.label(alert(1), is_fraud=True)
    full._producer.produce("t", b"")

    with pytest.raises(UndeliveredError):
        asyncio.run(full.publish(label))
    full._producer.purge()

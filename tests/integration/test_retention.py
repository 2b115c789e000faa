"""Retention of topics is read from the broker and reported by `doctor`."""

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from fraudstream.devstack import doctor
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.retention import DAY_MS, retention_complaints, retention_needs
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration


def test_topic_with_too_little_retention_is_named_until_it_is_changed(lone_broker):
    settings = load_settings(paths={"state": lone_broker})
    broker = Broker.of(settings)
    create_topics(broker)
    topics, needs = settings.topics, retention_needs(settings)

    client = broker.admin()

    def keep(name, days):
        entry = ConfigEntry("retention.ms", str(days * DAY_MS), incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[entry])
        client.incremental_alter_configs([resource])[resource].result()

    keep(topics.labels, 7)
    keep(topics.transactions, 60)
    # A broker shows a change shortly after it accepted it.
    assert wait_until(lambda: not retention_complaints(broker, needs)[topics.transactions], seconds=PATIENCE_S)
    found = retention_complaints(broker, needs)
    assert "expected at least 56 days" in found[topics.labels]
    assert found[topics.transactions] == found[topics.control] == ""
    findings = {finding.name: finding for finding in doctor.retention(broker)}
    assert not findings[f"retention of {topics.labels}"].ok
    assert not findings[f"retention of {topics.labels}"].required

    keep(topics.labels, 56)
    assert wait_until(lambda: not retention_complaints(broker, needs)[topics.labels], seconds=PATIENCE_S)

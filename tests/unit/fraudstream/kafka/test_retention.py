"""A topic with less retention than a reader needs is named, with the change to make."""

import pytest

from fraudstream.kafka.retention import DAY_MS, Need, retention_needs
from fraudstream.settings.settings import load_settings

NEED = Need(topic="labels", days=56, reader="retrain")


@pytest.mark.parametrize("kept_ms", [-1, 56 * DAY_MS, 57 * DAY_MS])
def test_topic_with_enough_retention_is_not_named(kept_ms):
    assert NEED.complaint({"retention.ms": str(kept_ms), "retention.bytes": "-1", "cleanup.policy": "delete"}) == ""


def test_topic_with_too_few_days_is_named_with_the_change():
    complaint = NEED.complaint({"retention.ms": str(7 * DAY_MS)})
    assert complaint.startswith("retrain: expected at least 56 days in labels, got 7. ")
    assert f"--add-config retention.ms={56 * DAY_MS}" in complaint


def test_topic_limited_by_size_is_named():
    complaint = NEED.complaint({"retention.ms": "-1", "retention.bytes": "1000000"})
    assert "got 1,000,000 bytes a partition" in complaint
    assert "retention.bytes=-1" in complaint


def test_compacted_topic_that_needs_full_retention_is_named():
    assert "cleanup.policy=delete" in NEED.complaint({"cleanup.policy": "compact", "retention.ms": "-1"})


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
def test_control_topic_that_loses_its_newest_deployment_is_named(policy):
    need = Need(topic="control", days=0, reader="the job")
    assert "expected cleanup.policy compact in control" in need.complaint({"cleanup.policy": policy})
    assert need.complaint({"cleanup.policy": "compact", "retention.ms": "1"}) == ""


def test_transactions_are_needed_unless_a_file_has_the_history():
    settings = load_settings(None)
    with_file = load_settings(None, retrain={"history": "history.parquet"})
    assert settings.topics.transactions in {need.topic for need in retention_needs(settings)}
    assert settings.topics.transactions not in {need.topic for need in retention_needs(with_file)}

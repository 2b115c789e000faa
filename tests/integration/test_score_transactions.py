"""The scoring job on real Kafka and Flink equals the offline replay, and rejects invalid records."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fraudstream.settings.settings import PathSettings
from fraudstream.system.deadline import wait_until
from models.features.table import CUSTOMER_FEATURES, FEATURE_NAMES
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration

FIRST_ROWS, BURST_ROWS = 100, 20_000
ROWS = FIRST_ROWS + BURST_ROWS


@pytest.fixture(scope="module")
def scored(running, artifact):
    """Return a lane after a burst to a job that was scoring already, in thread mode, and the expected output."""
    lane, table = running.lane(), card_world(ROWS)
    lane.submit()
    lane.send(table.slice(0, FIRST_ROWS))
    lane.await_scores(FIRST_ROWS)
    lane.send(table.slice(FIRST_ROWS))
    lane.await_scores(ROWS)
    lane.cancel()
    return lane, Expected.of(table, artifact)


def test_every_transaction_has_one_score_equal_to_that_of_the_offline_replay(scored):
    lane, expected = scored
    scores = lane.scores()
    assert len(scores) == ROWS
    assert {item["transaction_id"]: item["score"] for item in scores} == expected.scores
    assert {item["transaction_id"]: item["decision"] for item in scores} == expected.decisions


def test_scores_name_their_customer_model_and_feature_table(scored, artifact):
    lane, _ = scored
    for item in lane.scores():
        assert item["record_key"] == item["customer_id"]
        assert item["model_id"] == artifact.manifest.model_id
        assert item["feature_spec_hash"] == artifact.manifest.feature_spec_hash


def test_burst_to_a_running_job_is_scored_in_the_sequence_sent_per_customer(scored):
    lane, expected = scored
    found: dict[str, list[str]] = {}
    for item in lane.scores():
        found.setdefault(item["customer_id"], []).append(item["transaction_id"])
    assert found == expected.by_customer


def test_alerts_are_the_transactions_that_are_not_approved(scored, artifact):
    lane, expected = scored
    alerts = lane.alerts()
    assert {item["alert_id"]: item["transaction_id"] for item in alerts} == expected.alerts
    assert len(alerts) == len(expected.alerts) > 0
    for item in alerts:
        assert item["record_key"] == item["customer_id"]
        assert item["score"] == expected.scores[item["transaction_id"]]
        assert item["decision"] == expected.decisions[item["transaction_id"]] != "APPROVE"
        assert item["review_threshold"] == artifact.manifest.review_threshold <= item["score"]


def test_alerts_have_the_scored_features_and_reasons_among_them(scored):
    lane, expected = scored
    for item in lane.alerts():
        assert list(item["features"]) == list(FEATURE_NAMES)
        of_customers = slice(len(CUSTOMER_FEATURES))  # those of entities depend on how customers' batches interleave
        features = np.array([item["features"][name] for name in FEATURE_NAMES[of_customers]], np.float32)
        assert features.tobytes() == expected.features[item["transaction_id"]][of_customers].tobytes()
        assert item["amount_minor"] == expected.transactions[item["transaction_id"]]["amount_minor"]
        assert 1 <= len(item["reasons"]) <= 3
        assert all(item["features"][reason["feature"]] == reason["value"] for reason in item["reasons"])


def test_valid_stream_makes_no_dead_letters(scored):
    assert scored[0].dead_letters() == []


def use_own_cluster(lane: Lane, folder: Path) -> None:
    """Treat the cluster as one of the user's: the job takes its packages and its connector to it."""
    lane.services = lane.services.with_settings(
        flink=lane.settings.flink.model_copy(update={"rest_url": lane.services.rest_url}),
        paths=PathSettings(state=folder),  # another one than the cluster's: the client has a new home
    )


def test_on_a_cluster_of_the_users_without_scores_there_are_alerts_and_drift_of_the_inflated_amounts(
    open_lane, artifact, tmp_path
):
    start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=15)
    table = card_world(40_000, customers=600, drift="amount_inflation", drift_at=start)
    expected = Expected.of(table, artifact)
    # In one partition: a backlog in several is not read by time, on which drift depends.
    lane = open_lane(emit_scores=False, partitions=1)
    use_own_cluster(lane, tmp_path)
    lane.submit()
    lane.send(table)
    lane.await_records(lane.topics.alerts, len(expected.alerts))
    # Other signals may drift too, and the detectors run behind the alerts.
    seen = wait_until(
        lambda: any(item["signal"] == "amount" for item in lane.drifts()), seconds=PATIENCE_S, interval_s=1
    )
    lane.cancel()

    assert seen, lane.drifts()
    assert lane.scores() == []
    assert {item["alert_id"]: item["transaction_id"] for item in lane.alerts()} == expected.alerts
    drifts = lane.drifts()
    assert all(item["record_key"] == item["signal"] for item in drifts)
    amount = [item for item in drifts if item["signal"] == "amount"]
    assert all(item["event_time"] >= start for item in amount)
    assert all(item["estimate"] > artifact.manifest.reference["amount"].mean for item in amount)

"""Checks of a job after an upgrade."""

from fraudstream.devstack.stack import start
from tests.integration.expected import Expected
from tests.integration.scoring_lane import Lane


def assert_each_once(lane: Lane, expected: Expected) -> None:
    """Check that each transaction has one score, that of the offline replay, in sequence per customer."""
    scores = lane.scores()
    assert len(scores) == len(expected.scores)
    assert {item["transaction_id"]: item["score"] for item in scores} == expected.scores
    by_customer: dict[str, list[str]] = {}
    for item in scores:
        by_customer.setdefault(item["customer_id"], []).append(item["transaction_id"])
    assert by_customer == expected.by_customer
    assert {item["alert_id"]: item["transaction_id"] for item in lane.alerts()} == expected.alerts


def ensure_slots(lane: Lane, count: int) -> None:
    start(lane.settings, taskmanagers=count)

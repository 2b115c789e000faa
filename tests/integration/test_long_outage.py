"""An outage longer than the transaction timeout of the brokers: the job continues, and reports possible losses."""

import os
import signal
import time

import pytest

from fraudstream.control.status import read_status
from fraudstream.devstack.stack import start
from fraudstream.observe.metrics.consumer_lag import ConsumerLag
from fraudstream.observe.metrics.job_metrics import JobMetrics
from fraudstream.observe.metrics.job_probe import JobProbe
from fraudstream.system.deadline import wait_until
from fraudstream.system.run_state import RunState
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.integration, pytest.mark.long]

TIMEOUT_S, INTERVAL_S = 12.0, 1.0


def checkpoint_age_s(lane: Lane) -> float:
    completed = lane.rest.checkpoints(lane.job_ids[-1])["latest"]["completed"]
    return time.time() - completed["latest_ack_timestamp"] / 1000 if completed else 0.0


def outage(lane: Lane) -> None:
    """Kill the TaskManagers, and start one again after the brokers have aborted the open transactions."""
    for process in RunState.load(lane.settings.state).running("taskmanager"):
        os.kill(process.pid, signal.SIGKILL)
    assert wait_until(lambda: checkpoint_age_s(lane) > TIMEOUT_S + INTERVAL_S, seconds=PATIENCE_S, interval_s=0.5)
    start(lane.settings)
    assert wait_until(lambda: lane.rest.job(lane.job_ids[-1])["state"] == "RUNNING", seconds=PATIENCE_S)


def late_recovery(lane: Lane) -> str | None:
    return next(job["late_recovery"] for job in read_status(lane.settings)["jobs"] if job["id"] == lane.job_ids[-1])


def at_risk(lane: Lane) -> list[float]:
    lag = ConsumerLag(lane.broker)
    try:
        found = [
            item
            for item in JobMetrics(JobProbe(rest=lane.rest, lag=lag)).collect()
            if item.name == "fraud_output_at_risk"
        ]
    finally:
        lag.close()
    return [sample.value for sample in found[0].samples]


def test_outage_longer_than_the_transaction_timeout_is_reported_and_the_state_stays_correct(open_lane, artifact):
    lane, table = (
        open_lane(
            guarantee="exactly-once",
            transaction_timeout_s=TIMEOUT_S,
            checkpoint_interval_s=INTERVAL_S,
            checkpoint_timeout_s=8.0,
            tolerated_checkpoint_failures=0,
        ),
        card_world(4_000),
    )
    lane.submit()
    lane.send(table.slice(0, 2_000))
    lane.await_scores(2_000)
    assert late_recovery(lane) is None
    assert at_risk(lane) == [0.0]
    outage(lane)
    assert wait_until(lambda: late_recovery(lane) is not None, seconds=PATIENCE_S), lane.rest.checkpoints(
        lane.job_ids[-1]
    )["latest"]
    assert f"expected to recover within {TIMEOUT_S - INTERVAL_S:.0f} s of checkpoint" in (late_recovery(lane) or "")
    assert at_risk(lane) == [1.0]
    lane.send(table.slice(2_000))
    lane.await_scores(4_000)
    assert {item["transaction_id"]: item["score"] for item in lane.scores()} == Expected.of(table, artifact).scores

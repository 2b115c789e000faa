"""Metrics of the job."""

from collections.abc import Iterator

import pytest

from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.observe.metrics.job_metrics import NAME, JobMetrics
from fraudstream.observe.metrics.job_probe import JobProbe
from tests.json_server import json_server

FLINKS_NOW_MS = 1_000_000_000_000
"""A time in 2001, which no clock of this machine is near."""
ANSWERS = {
    "/jobs/overview": {"jobs": [{"jid": "j", "name": NAME, "state": "RUNNING", "start-time": FLINKS_NOW_MS - 60_000}]},
    "/jobs/j": {"now": FLINKS_NOW_MS, "state": "RUNNING", "vertices": []},
    "/jobs/j/config": {},
    "/jobs/j/metrics?get=numRestarts": [],
    "/jobs/j/checkpoints": {
        "counts": {"failed": 2}, "latest": {"completed": {"latest_ack_timestamp": FLINKS_NOW_MS - 5_000}},
    },
}  # fmt: skip


class NoLag:
    def records(self, _group: str) -> None:
        """Fail as a broker that does not answer."""


@pytest.fixture
def rest() -> Iterator[FlinkRest]:
    with json_server(ANSWERS.__getitem__) as url:
        yield FlinkRest(url=url)


def test_age_of_a_checkpoint_is_by_the_clock_of_the_jobmanager(rest):
    found = {
        sample.name: sample.value
        for metric in JobMetrics(JobProbe(rest=rest, lag=NoLag())).collect()
        for sample in metric.samples
    }
    assert found["fraud_checkpoint_age_seconds"] == 5
    assert found["fraud_checkpoints_failed_total"] == 2
    assert found["fraud_job_up"] == 1

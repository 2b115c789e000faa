from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread

import pytest

from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.observe.metrics.job_metrics import NAME, JobMetrics
from fraudstream.observe.metrics.job_probe import JobProbe
from tests.json_handler import JsonHandler

FLINKS_NOW_MS = 1_000_000_000_000
"""In 2001: an hour off would do, any clock of this machine is further."""
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
        """Stand for a broker that does not answer."""


@pytest.fixture
def rest() -> Iterator[FlinkRest]:
    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            self.answer(200, ANSWERS[self.path])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield FlinkRest(url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_checkpoints_age_is_told_by_the_clock_that_dated_it(rest):
    found = {
        sample.name: sample.value
        for metric in JobMetrics(JobProbe(rest=rest, lag=NoLag())).collect()
        for sample in metric.samples
    }
    assert found["fraud_checkpoint_age_seconds"] == 5
    assert found["fraud_checkpoints_failed_total"] == 2
    assert found["fraud_job_up"] == 1

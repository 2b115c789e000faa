"""Services and jobs that `up` restarts and `down` ends."""

import os
import signal

import pytest

from fraudstream.control.submit import submit
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import embedded, start, stop
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.run_state import RunState
from tests.unit.training.histories import customer_folder

pytestmark = pytest.mark.integration


def states_of_jobs(rest: FlinkRest) -> dict[str, str]:
    try:
        return {job["jid"]: job["state"] for job in rest.jobs()}
    except (NotReady, RuntimeFailure):
        return {}  # it does not report its jobs yet


def test_up_restores_the_job_after_a_crash_but_not_after_down(tmp_path):
    settings = load_settings(paths={"state": tmp_path / "state"}, model={"artifact": customer_folder()})
    with embedded(settings) as services:
        rest = FlinkRest(url=services.rest_url)
        job_id = submit(settings, services).job_id

        for process in RunState.load(settings.state).running():
            os.kill(process.pid, signal.SIGKILL)
        assert wait_until(lambda: not RunState.load(settings.state).running(), seconds=10)

        assert start(settings) == services, "each has the address that clients use"
        assert wait_until(lambda: states_of_jobs(rest).get(job_id) == "RUNNING", seconds=60), states_of_jobs(rest)
        assert any((settings.state.checkpoints / job_id).iterdir())

        stop(settings)
        again = start(settings)
        assert wait_until(lambda: FlinkRest(url=again.rest_url).reachable(), seconds=30)
        assert FlinkRest(url=again.rest_url).jobs() == []
        assert (settings.state.checkpoints / job_id).is_dir(), "to start it again from by hand"

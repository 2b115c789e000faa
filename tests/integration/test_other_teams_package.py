"""Our job and another team's on one session cluster, in one TaskManager: each imports its own `models`."""

from pathlib import Path

import pytest

from fraudstream.control.flink_run import FlinkRun
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import cluster
from fraudstream.system.deadline import wait_until
from fraudstream.system.java import find_java
from fraudstream.system.run_state import RunState
from tests.integration import other_teams_job
from tests.integration.expected import card_world
from tests.integration.scoring_lane import Lane, Running

pytestmark = pytest.mark.integration

ROWS = 200


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return another team's package, named as one of ours is."""
    package = tmp_path / "models"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "greeting.py").write_text("TEXT = 'theirs'\n")
    return package


def run_theirs(running: Running, package: Path, when: str) -> None:
    """Run the other team's job to its end: it fails where `models` is not theirs."""
    job = FlinkRun(
        home=cluster(running.settings).home,
        java=find_java(),
        rest_url=running.services.rest_url,
        script=Path(other_teams_job.__file__),
        options={"python.files": str(package)},
    )
    job_id, rest = job.submit(), FlinkRest(url=running.services.rest_url)
    assert wait_until(lambda: rest.job(job_id)["state"] in {"FINISHED", "FAILED"}, seconds=60)
    assert rest.job(job_id)["state"] == "FINISHED", (when, rest.root_cause(job_id))


def run_ours(lane: Lane, rows: int) -> None:
    lane.submit()
    lane.send(card_world(rows))
    lane.await_scores(rows)
    lane.cancel()


@pytest.mark.parametrize("owner", ["embedded", "users"])
def test_jobs_import_their_own_packages_whichever_comes_first(running, open_lane, theirs, owner):
    lanes = [open_lane(), open_lane()]
    for lane in lanes if owner == "users" else []:
        flink = lane.settings.flink.model_copy(update={"rest_url": running.services.rest_url})
        lane.settings = lane.settings.model_copy(update={"flink": flink})
    (before,) = RunState.load(running.settings.state).running("taskmanager")
    for number, lane in enumerate(lanes, 1):
        run_theirs(running, theirs, f"before our job {number}")
        run_ours(lane, ROWS)
    run_theirs(running, theirs, "after ours")
    assert RunState.load(running.settings.state).running("taskmanager") == [before]

"""Our job and another team's on one session cluster, in one TaskManager: each imports its own `models`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudstream.control.flink_run import FlinkRun
from fraudstream.devstack import cluster as devstack_cluster
from fraudstream.devstack.stack import cluster, embedded
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.environment import process_environment
from fraudstream.system.java import Java, find_java
from fraudstream.system.ports import free_port
from fraudstream.system.run_state import RunState
from tests.integration import other_teams_job
from tests.integration.expected import card_world
from tests.integration.quick_cluster import QUICK_CLUSTER
from tests.integration.scoring_lane import Lane, Running
from tests.patience import PATIENCE_S
from tests.unit.training.histories import customer_folder

pytestmark = pytest.mark.integration

ROWS = 200


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return the folder of another team's package, named as one of ours is."""
    package = tmp_path / "theirs" / "models"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "greeting.py").write_text("TEXT = 'theirs'\n")
    return package.parent


def run_theirs(running: Running, folder: Path, when: str) -> None:
    """Run the other team's job to its end: it fails where `models` is not theirs."""
    job = FlinkRun(
        home=cluster(running.settings).home,
        java=find_java(),
        rest_url=running.services.rest_url,
        script=Path(other_teams_job.__file__),
        options={"python.files": str(folder)},
    )
    job_id, rest = job.submit(), running.services.rest
    assert wait_until(lambda: rest.job(job_id)["state"] in {"FINISHED", "FAILED"}, seconds=PATIENCE_S)
    assert rest.job(job_id)["state"] == "FINISHED", (when, rest.root_cause(job_id))


def run_ours(lane: Lane, rows: int) -> None:
    lane.submit()
    lane.send(card_world(rows))
    lane.await_scores(rows)
    lane.cancel()


@pytest.fixture(scope="module")
def users_cluster(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a cluster whose TaskManagers have our packages on no path, as a user's, and submit to it as to that."""
    settings = load_settings(
        paths={"state": tmp_path_factory.mktemp("users") / "state"},
        model={"artifact": customer_folder()},
        kafka={"bootstrap_servers": running.services.broker.bootstrap_servers},
        flink={"rest_port": free_port(), "high_availability": False, "config": QUICK_CLUSTER},
    )

    def without_packages(java: Java) -> dict[str, str]:
        return {name: value for name, value in process_environment(java).items() if name != "PYTHONPATH"}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devstack_cluster, "process_environment", without_packages)
        with embedded(settings) as services:
            flink = settings.flink.model_copy(update={"rest_url": services.rest_url, "config": {}})
            yield Running(services=services.with_settings(flink=flink), numbers=running.numbers)


@pytest.mark.long
def test_jobs_import_their_own_packages_in_one_taskmanager_whichever_comes_first(users_cluster, theirs):
    state = users_cluster.settings.state
    (before,) = RunState.load(state).running("taskmanager")
    run_theirs(users_cluster, theirs, "before our job")
    run_ours(users_cluster.lane(), ROWS)
    run_theirs(users_cluster, theirs, "after our job")
    assert RunState.load(state).running("taskmanager") == [before]

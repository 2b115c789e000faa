"""One broker and one cluster for all tests of the scoring job; each test has separate topics."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from fraudstream.devstack.embedded_broker import EmbeddedBroker, await_broker
from fraudstream.devstack.stack import embedded, jars_for, start
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.java import find_java
from fraudstream.system.ports import free_port
from fraudstream.system.run_state import RunState
from models.scoring.artifact import Artifact, load_artifact
from tests.integration.embedded_registry import stop_registry
from tests.integration.quick_cluster import QUICK_CLUSTER
from tests.integration.scoring_lane import Lane, Running
from tests.unit.training.histories import customer_folder

IDLE_TASKMANAGER_BYTES = 2304 * 2**20
"""Memory of a TaskManager after any number of jobs: at most 1.6 GB for the JVM, 0.5 GB for Python's libraries."""


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    return load_artifact(customer_folder())


# Of the package and not of the session: it needs 3 GB, which the tests that come after those here shall have.
@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = load_settings(
        paths={"state": tmp_path_factory.mktemp("scoring") / "state"},
        model={"artifact": customer_folder()},
        # Not the preferred ports: another process of this run may be starting a stack on them.
        kafka={"port": free_port()},
        flink={"rest_port": free_port()},
    )
    flink = settings.flink.model_copy(update={"config": QUICK_CLUSTER})
    with embedded(settings.model_copy(update={"flink": flink})) as services:
        yield Running(services=services.with_settings(flink=settings.flink), numbers=count(1))


@pytest.fixture(scope="module")
def with_registry(running: Running) -> Iterator[Settings]:
    """Return the settings of the shared services, extended by a schema registry."""
    changes = {"embedded_registry": True, "registry_port": free_port()}  # the same port after a restart
    kafka = running.settings.kafka.model_copy(update=changes)
    settings = running.settings.model_copy(update={"kafka": kafka})
    start(settings)
    yield settings
    stop_registry(settings)


@pytest.fixture(scope="module")
def url(with_registry: Settings) -> str:
    """Return the address of the schema registry."""
    return str(RunState.load(with_registry.state).registry_url)


@pytest.fixture(scope="module")
def lone_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a broker without a cluster; gives its state folder."""
    folder = tmp_path_factory.mktemp("broker") / "state"
    state = load_settings(paths={"state": folder}).state.create()
    run = RunState.load(state)
    try:
        process = EmbeddedBroker(folder=state, java=find_java(), jars=jars_for("broker"), port=free_port()).start(run)
        await_broker(process, run.bootstrap_servers)
        yield folder
    finally:
        run.stop()


@pytest.fixture
def open_lane(running: Running) -> Iterator[Callable[..., Lane]]:
    """Return a function that makes a Lane, see `Running.lane`."""
    lanes: list[Lane] = []

    def make(**changes: Any) -> Lane:
        lanes.append(running.lane(**changes))
        return lanes[-1]

    yield make
    for lane in lanes:
        lane.cancel()
    for taskmanager in RunState.load(running.settings.state).running("taskmanager"):
        assert taskmanager.resident_bytes() < IDLE_TASKMANAGER_BYTES, "a job that ended kept its memory"


@pytest.fixture
def point_at(monkeypatch):
    """Return a function that points the command line at a lane."""

    def point(lane: Lane) -> None:
        monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(lane.settings.paths.state))
        monkeypatch.setenv("FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS", lane.broker.bootstrap_servers)
        for name, topic in asdict(lane.topics).items():
            monkeypatch.setenv(f"FRAUDSTREAM_TOPICS__{name.upper()}", topic)

    return point

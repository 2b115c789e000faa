from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.broker import Broker, await_broker, reachable
from runtime.cluster import Cluster, await_cluster
from runtime.failures import NotReady
from runtime.flink_rest import FlinkRest
from runtime.folders import StateFolder, cache_folder
from runtime.jars import fetch_jars, read_lock
from runtime.java import find_java
from runtime.run_state import RunState, exclusive
from runtime.settings import Settings
from runtime.topics import create_topics


@dataclass(frozen=True, kw_only=True)
class Services:
    """Addresses of a broker and a cluster that run, ours or the user's.

    Parameters
    ----------
    bootstrap_servers
        The broker.
    rest_url
        The cluster.
    """

    bootstrap_servers: str
    rest_url: str


def start(
    settings: Settings,
    *,
    taskmanagers: int | None = None,
    on_bytes: Callable[[int], None] | None = None,
    on_step: Callable[[str], None] = lambda _step: None,
) -> Services:
    """Start what the settings do not point elsewhere for, wait until it is ready, create the topics.

    What runs already is kept (and TaskManagers are added up to the number asked for), so it may be
    called again. If anything fails, or Ctrl-C comes, all that this call started is stopped again.

    Parameters
    ----------
    settings
        Where a broker or a cluster of the user is named, none is started.
    taskmanagers
        How many; None means `flink.taskmanagers`.
    on_bytes
        Told of downloaded bytes.
    on_step
        Told in a few words what is being done.
    """
    folder = settings.state.create()
    with exclusive(folder):
        run = RunState.load(folder)
        before = {process.pid for process in run.running()}
        try:
            on_step("checking the jars")
            _start_missing(
                settings, folder, run, taskmanagers or settings.flink.taskmanagers, on_bytes, on_step
            )
            services = find_services(settings)
            on_step("creating the topics")
            create_topics(settings, services.bootstrap_servers)
        except BaseException:
            run.stop_those(lambda process: process.pid not in before)
            raise
    return services


def stop(settings: Settings) -> list[str]:
    """Stop all that `start` started for this state folder; returns the names of those that ran."""
    folder = settings.state
    with exclusive(folder):
        return RunState.load(folder).stop()


def find_services(settings: Settings) -> Services:
    """Tell the addresses in use: those of the settings, else those of the embedded services.

    Raises
    ------
    NotReady
        When the settings name none and `up` has not been run.
    """
    run = RunState.load(settings.state)
    servers = settings.kafka.bootstrap_servers or (run.bootstrap_servers if run.running("broker") else None)
    rest = settings.flink.rest_url or (run.rest_url if run.running("jobmanager") else None)
    missing = [name for name, address in (("broker", servers), ("Flink cluster", rest)) if not address]
    if not servers or not rest:
        raise NotReady(
            f"expected a running {' and '.join(missing)}, but there is none for {settings.state.root}: "
            "start it with `fraudstream up`, or set kafka.bootstrap_servers and flink.rest_url to yours"
        )
    return Services(bootstrap_servers=servers, rest_url=rest)


@contextmanager
def embedded(settings: Settings, *, taskmanagers: int | None = None) -> Iterator[Services]:
    """Run broker and cluster for the length of a block; nothing is left running after it.

    Parameters
    ----------
    settings
        See `start`.
    taskmanagers
        See `start`.
    """
    services = start(settings, taskmanagers=taskmanagers)
    try:
        yield services
    finally:
        stop(settings)


def add_taskmanager(settings: Settings) -> None:
    """Start one more TaskManager beside those that run, or in place of one that died, and wait for it."""
    folder = settings.state
    with exclusive(folder):
        run = RunState.load(folder)
        cluster(settings).add_taskmanager(run)
        await_cluster(run, folder)


def cluster(settings: Settings, *, on_bytes: Callable[[int], None] | None = None) -> Cluster:
    """Describe the embedded cluster, its connector jar fetched."""
    return Cluster(
        folder=settings.state,
        java=find_java(),
        connectors=tuple(jars_for("flink", on_bytes)),
        rest_port=settings.flink.rest_port,
        config=settings.flink.config,
    )


def jars_for(part: str, on_bytes: Callable[[int], None] | None = None) -> list[Path]:
    """Fetch the jars of the `broker` or of `flink`, checked."""
    return fetch_jars(
        [jar for jar in read_lock() if jar.needed_by == part], cache_folder() / "jars", on_bytes=on_bytes
    )


def _start_missing(
    settings: Settings,
    folder: StateFolder,
    run: RunState,
    taskmanagers: int,
    on_bytes: Callable[[int], None] | None,
    on_step: Callable[[str], None],
) -> None:
    broker = None
    if settings.kafka.bootstrap_servers is None and not run.running("broker"):
        jars = jars_for("broker", on_bytes)
        on_step("starting the broker")
        run.forget_dead("broker")
        broker = Broker(folder=folder, java=find_java(), jars=jars, port=settings.kafka.port).start(run)
    if settings.flink.rest_url is None:
        _start_cluster(cluster(settings, on_bytes=on_bytes), run, taskmanagers, on_step)
    if broker is not None:
        await_broker(broker, run.bootstrap_servers or "")
    if settings.kafka.bootstrap_servers is not None:
        _require_broker(settings)
    if settings.flink.rest_url is None:
        on_step("waiting for the cluster")
        await_cluster(run, folder)
    else:
        FlinkRest(url=settings.flink.rest_url).overview()


def _start_cluster(
    cluster: Cluster, run: RunState, taskmanagers: int, on_step: Callable[[str], None]
) -> None:
    if not run.running("jobmanager"):
        on_step("starting the cluster")
        run.stop(("jobmanager", "taskmanager"))  # TaskManagers that lost their JobManager
        cluster.start(run, taskmanagers=taskmanagers)
        return
    run.forget_dead("taskmanager")
    for _ in range(taskmanagers - len(run.running("taskmanager"))):
        cluster.add_taskmanager(run)


def _require_broker(settings: Settings) -> None:
    servers = settings.kafka.bootstrap_servers or ""
    if not reachable(servers, settings.kafka.properties, timeout_s=10.0):
        raise NotReady(
            f"expected a broker at {servers} (kafka.bootstrap_servers), but none answered within 10 s: "
            "start it, correct the address or kafka.properties, or leave it out to have one started here"
        )

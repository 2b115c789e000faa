"""Start and stop of the local stack."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from fraudstream.devstack.cluster import Cluster, await_cluster
from fraudstream.devstack.embedded_broker import EmbeddedBroker, await_broker
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.flink_s3 import PLUGIN, uses_s3
from fraudstream.devstack.jars import fetch_jars, read_lock
from fraudstream.devstack.registry import Registry, await_registry, unpack_registry
from fraudstream.devstack.zookeeper import forget_jobs
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import create_topics, existing_topics
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady
from fraudstream.system.folders import cache_folder
from fraudstream.system.java import find_java
from fraudstream.system.processes import OwnedProcess
from fraudstream.system.run_state import RunState, exclusive


@dataclass(frozen=True, kw_only=True)
class Services:
    """Running broker and cluster, embedded or the user's, with the settings they are used with.

    Parameters
    ----------
    broker
        Connection to the broker, with the settings.
    rest_url
        Address of the cluster.
    registry_url
        Address of the embedded schema registry, None without one.
    """

    broker: Broker
    rest_url: str
    registry_url: str | None = None

    @property
    def settings(self) -> Settings:
        """Settings of the job and its topics."""
        return self.broker.settings

    @property
    def rest(self) -> FlinkRest:
        """Client of the cluster."""
        return FlinkRest(url=self.rest_url)

    def with_settings(self, **sections: Any) -> Self:
        """Return the same broker and cluster with other settings in some sections, as `topics`."""
        return replace(self, broker=replace(self.broker, settings=self.settings.model_copy(update=sections)))


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Callbacks for the progress of a start.

    Parameters
    ----------
    on_step
        Called with a short description of each step.
    on_bytes
        Called with downloaded bytes, from several threads.
    """

    on_step: Callable[[str], None] = lambda _step: None
    on_bytes: Callable[[int], None] = lambda _count: None


NO_PROGRESS = Progress()


def start(settings: Settings, *, taskmanagers: int | None = None, progress: Progress = NO_PROGRESS) -> Services:
    """Start the services that the settings do not name, wait until they are ready, create the topics.

    Idempotent: running services are kept, and TaskManagers are added up to the requested number. Services that died
    restart at their previous addresses, and their jobs resume from the last checkpoint. On a failure or Ctrl-C,
    everything that this call started is stopped.

    Parameters
    ----------
    settings
        A broker or cluster named here is used instead of starting one.
    taskmanagers
        Number of TaskManagers; None means `flink.taskmanagers`.

    Raises
    ------
    UserError
        A configured port is in use, or a configured broker does not answer.
    RuntimeFailure
        A process does not start.
    """
    folder = settings.state.create()
    with exclusive(folder):
        run = RunState.load(folder)
        before = {process.pid for process in run.running()}
        addresses = run.bootstrap_servers, run.rest_url, run.registry_url
        try:
            _start_missing(settings, run, taskmanagers or settings.flink.taskmanagers, progress)
            services = find_services(settings)
            progress.on_step("creating the topics")
            create_topics(services.broker)
        except BaseException:
            run.stop_those(lambda process: process.pid not in before)
            run.bootstrap_servers, run.rest_url, run.registry_url = addresses
            run.save()
            raise
    return services


def stop(settings: Settings) -> list[str]:
    """Stop all services of this state folder, and return the names of those that ran.

    No job resumes at the next start. Checkpoints and topics are kept.
    """
    folder = settings.state
    with exclusive(folder):
        run = RunState.load(folder)
        # ZooKeeper last: a JobManager without it would block.
        names = run.stop(("broker", "jobmanager", "taskmanager")) + run.stop()
        forget_jobs(folder)
        return names


def find_services(settings: Settings) -> Services:
    """Return the addresses in use: those of the settings, else those of the embedded services.

    Raises
    ------
    NotReady
        The settings name none, and `up` was not run.
    """
    broker = Broker.of(settings)
    run = RunState.load(settings.state)
    rest = settings.flink.rest_url or (run.rest_url if run.running("jobmanager") else None)
    if rest is None:
        raise NotReady(
            f"expected a running Flink cluster, but there is none for {settings.state.root}: "
            "start it with `fraudstream up`, or set flink.rest_url to yours"
        )
    return Services(broker=broker, rest_url=rest, registry_url=run.registry_url)


@contextmanager
def embedded(
    settings: Settings, *, taskmanagers: int | None = None, progress: Progress = NO_PROGRESS
) -> Iterator[Services]:
    """Run broker and cluster within a `with` block."""
    services = start(settings, taskmanagers=taskmanagers, progress=progress)
    try:
        yield services
    finally:
        stop(settings)


def cluster(settings: Settings) -> Cluster:
    """Return the embedded cluster, after fetching its connector jar."""
    return Cluster(
        folder=settings.state,
        java=find_java(),
        connectors=tuple(jars_for("flink")),
        plugins=tuple(jars_for(PLUGIN)) if uses_s3(settings.flink.config) else (),
        rest_port=settings.flink.rest_port,
        state_backend=settings.job.state_backend,
        high_availability=settings.flink.high_availability,
        config=settings.flink.config,
    )


def jars_for(part: str, progress: Progress = NO_PROGRESS) -> list[Path]:
    """Fetch and check the jars of the `broker`, of `flink` or its `s3` plugin, or the archive of the `registry`."""
    wanted = [jar for jar in read_lock() if jar.needed_by == part]
    return fetch_jars(wanted, cache_folder() / "jars", on_bytes=progress.on_bytes)


def _start_missing(settings: Settings, run: RunState, taskmanagers: int, progress: Progress) -> None:
    """Start broker, cluster and registry concurrently, then wait for them."""
    folder = settings.state
    registry = _start_registry(settings, run, progress) if settings.kafka.embedded_registry else None
    broker = None
    if settings.kafka.bootstrap_servers is not None:
        existing_topics(Broker(settings, settings.kafka.bootstrap_servers))  # it answers, and accepts our login
    elif not run.running("broker"):
        progress.on_step("fetching the broker")
        jars = jars_for("broker", progress)
        progress.on_step("starting the broker")
        run.forget_dead("broker")
        broker = EmbeddedBroker(folder=folder, java=find_java(), jars=jars, port=settings.kafka.port).start(run)
    if settings.flink.rest_url is not None:
        FlinkRest(url=settings.flink.rest_url).overview()
    else:
        progress.on_step("fetching the connector")
        jars_for("flink", progress)
        if uses_s3(settings.flink.config):
            progress.on_step("fetching Flink's S3 plugin")
            jars_for(PLUGIN, progress)
        progress.on_step("starting the cluster")
        cluster(settings).start(run, taskmanagers=taskmanagers)
    if broker is not None:
        progress.on_step("waiting for the broker")
        await_broker(broker, run.bootstrap_servers or "")
    if settings.flink.rest_url is None:
        progress.on_step("waiting for the cluster")
        await_cluster(run, folder)
    if registry is not None:
        progress.on_step("waiting for the schema registry")
        await_registry(registry, run.registry_url or "")


def _start_registry(settings: Settings, run: RunState, progress: Progress) -> OwnedProcess | None:
    """Start the schema registry unless it runs; the other services do not depend on it."""
    if run.running("registry"):
        return None
    progress.on_step("fetching the schema registry")
    (archive,) = jars_for("registry", progress)
    program = unpack_registry(archive)
    progress.on_step("starting the schema registry")
    run.forget_dead("registry")
    port = settings.kafka.registry_port
    return Registry(folder=settings.state, java=find_java(), program=program, port=port).start(run)

"""Lets a peer drain the topic, watched from outside: all that counts is what arrives in its output topic."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from confluent_kafka import Consumer, KafkaException

from benchmarks.peers.arguments import Arguments
from benchmarks.peers.environment import interpreter
from benchmarks.peers.jars import fetch_peer_jars
from benchmarks.peers.peer import FlinkPeer, Peer, ProcessPeer
from benchmarks.peers.schema_server import serving_schemas
from runtime.deadline import wait_until
from runtime.embedded import Services, start
from runtime.environment import process_environment
from runtime.failures import RuntimeFailure
from runtime.flink_rest import FlinkRest
from runtime.folders import PROJECT_ROOT
from runtime.java import find_java
from runtime.kafka_client import open_consumer
from runtime.processes import OwnedProcess, spawn, stop_processes
from runtime.settings import Settings
from runtime.submit import stop_job, submit
from runtime.topic_reader import partition_ranges
from runtime.topics import create_topics
from schemas.topics import Topics

LOOK_S = 0.25
PATIENCE_S = 300.0
"""The longest that a drain may take."""
STOP_S = 30.0
MIDDLE = (0.25, 0.9)
"""Of the records drained, from and to which the rate is taken: without the start and the end."""

Looks = list[tuple[int, float]]
"""Records in the output topic, and when, in seconds."""
Fault = Callable[[], str | None]
"""Tells why what drains the topic is dead; None while it lives."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What all peers work on.

    Attributes
    ----------
    settings : Settings
        With the transactions topic, the model and the state folder.
    services : Services
        The broker and the cluster.
    events : int
        Transactions in the topic.
    """

    settings: Settings
    services: Services
    events: int

    def settings_of(self, peer: Peer, turn: int) -> Settings:
        """Return the settings of a peer: with output topics of its own."""
        begin = f"peers.{peer.slug}.{turn}"
        names = {name: f"{begin}.{name}" for name in ("scores", "alerts", "labels", "drift", "inference")}
        topics = Topics(transactions=self.settings.topics.transactions, dead_letters=f"{begin}.dlq", **names)
        mode = peer.mode if isinstance(peer, FlinkPeer) else self.settings.job.mode
        # No peer knows labels or keeps a log of features, so our job goes without them too.
        changed = {"labels": False, "feature_log_share": 0.0, "checkpoint_interval_s": 1.0, "mode": mode}
        job = self.settings.job.model_copy(update=changed)
        return self.settings.model_copy(update={"topics": topics, "job": job})


def drain(peer: Peer, work: Work, turn: int) -> Looks:
    """Run a peer until it has scored its share of the topic.

    Raises
    ------
    RuntimeFailure
        When it dies, or is not done within PATIENCE_S.
    """
    settings, count = work.settings_of(peer, turn), round(work.events * peer.share)
    create_topics(settings, work.services.bootstrap_servers)
    running = _job if isinstance(peer, FlinkPeer) else _processes
    with running(peer, settings, work.services) as fault:
        return _watch(settings, work.services, count, fault)


def middle_rate(looks: Looks) -> float:
    """Return the records a second over the middle of a drain.

    Raises
    ------
    RuntimeFailure
        When it was over too soon to say.
    """
    total = looks[-1][0]
    # Who writes in bursts has written nothing at most looks: only those count that saw something new.
    rises = [after for before, after in pairwise(looks) if after[0] > before[0]]
    middle = [look for look in rises if MIDDLE[0] * total <= look[0] <= MIDDLE[1] * total]
    if len(middle) < 2:
        raise RuntimeFailure(f"expected several looks at the middle of a drain, was {len(middle)}: drain more events")
    (first, start), (last, end) = middle[0], middle[-1]
    return (last - first) / (end - start)


def _why_ended(started: Sequence[OwnedProcess]) -> str | None:
    dead = next((process for process in started if not process.alive()), None)
    if dead is None:
        return None
    lines = Path(dead.log).read_text(errors="replace").strip().splitlines()
    return f"{dead.name} ended: {lines[-1] if lines else 'it said nothing'} (all of its output: {dead.log})"


@contextmanager
def _processes(peer: ProcessPeer, settings: Settings, services: Services) -> Iterator[Fault]:
    python, state = interpreter(peer), settings.state.root / "peers" / settings.topics.scores
    state.mkdir(parents=True)
    programs = [(module, 0, 1) for module in peer.beside]
    programs += [(peer.module, number, peer.processes) for number in range(peer.processes)]
    started: list[OwnedProcess] = []
    try:
        for module, number, processes in programs:
            arguments = Arguments(
                bootstrap_servers=services.bootstrap_servers,
                model=settings.model.artifact.absolute(),
                topic=settings.topics.transactions,
                scores_topic=settings.topics.scores,
                alerts_topic=settings.topics.alerts,
                state=state,
                process=number,
                processes=processes,
            )
            started.append(_spawn(python, module, arguments, settings))
        yield partial(_why_ended, started)
    finally:
        stop_processes(started)


def _spawn(python: Path, module: str, arguments: Arguments, settings: Settings) -> OwnedProcess:
    name = f"{module}-{arguments.process}"
    command = [python, "-m", f"benchmarks.peers.{module}", *arguments.as_options()]
    log = settings.state.logs / f"{arguments.scores_topic}-{name}.log"
    return spawn(name, command, log=log, env=process_environment(find_java()), cwd=PROJECT_ROOT)


@contextmanager
def _job(peer: FlinkPeer, settings: Settings, services: Services) -> Iterator[Fault]:
    fetch_peer_jars(peer.module)
    start(settings)  # a TaskManager that the end of process mode took with it comes back
    rest = FlinkRest(url=services.rest_url)
    with serving_schemas() if peer.asks_registry else nullcontext() as url:
        kafka = settings.kafka.model_copy(update={"schema_registry_url": url})
        job = submit(settings.model_copy(update={"kafka": kafka}), services, script=peer.file)
        try:
            # A job that starts again would be timed as if it had worked all the while.
            yield lambda: rest.root_cause(job.job_id) or None
        finally:
            stop_job(settings, services, job.job_id, savepoint=False)
            wait_until(lambda: rest.job(job.job_id)["state"] == "CANCELED", seconds=STOP_S)


def _watch(settings: Settings, services: Services, count: int, fault: Fault) -> Looks:
    consumer, topic = open_consumer(settings, services.bootstrap_servers), settings.topics.scores
    looks: Looks = []
    try:
        begun = time.perf_counter()
        while not looks or looks[-1][0] < count:
            looks.append((_records_in(consumer, topic), time.perf_counter()))
            reason = fault()
            if reason:
                raise RuntimeFailure(reason)
            if looks[-1][1] - begun > PATIENCE_S:
                raise RuntimeFailure(f"expected {count:,} scores within {PATIENCE_S:.0f} s, was {looks[-1][0]:,}")
            time.sleep(max(0.0, looks[-1][1] + LOOK_S - time.perf_counter()))
        return looks
    finally:
        consumer.close()


def _records_in(consumer: Consumer, topic: str) -> int:
    """Count the records that a topic ever had; 0 when the broker is not ready for it yet."""
    try:
        return sum(high for _, _, high in partition_ranges(consumer, topic))
    except KafkaException:
        return 0

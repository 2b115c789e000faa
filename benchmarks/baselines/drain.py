"""Drain of the topic by a baseline, measured at its output topic."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from confluent_kafka import Consumer, KafkaException

from benchmarks.baselines.arguments import Arguments
from benchmarks.baselines.baseline_program import BaselineProgram, FlinkBaseline, ProcessBaseline
from benchmarks.baselines.environment import interpreter
from benchmarks.baselines.jars import fetch_baseline_jars
from benchmarks.baselines.schema_server import serving_schemas
from benchmarks.topic_growth import TopicGrowth
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import Services, start
from fraudstream.kafka.topic_reader import partition_ranges
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.environment import process_environment
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.java import find_java
from fraudstream.system.processes import OwnedProcess, spawn, stop_processes
from schemas.topics import Topics
from schemas.wall_clock import now_ms

POLL_S = 0.25
PATIENCE_S = 300.0
"""Time limit of a drain, in seconds."""
STOP_S = 30.0
EARLIER_MS = 60_000
"""Polling begins when a job runs: its first scores may be older by this time."""
Fault = Callable[[], str | None]
"""Returns why the draining process is dead; None while it is alive."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """Common input of all baselines.

    Attributes
    ----------
    services : Services
        The broker and the cluster, with the transactions topic, the model and the state folder.
    events : int
        Transactions in the topic.
    """

    services: Services
    events: int

    def services_of(self, baseline: BaselineProgram, turn: int) -> Services:
        """Return the services of a baseline, with output topics of its own."""
        settings = self.services.settings
        begin = f"baselines.{baseline.slug}.{turn}"
        names = {name: f"{begin}.{name}" for name in ("scores", "alerts", "labels", "drift", "inference")}
        topics = Topics(transactions=settings.topics.transactions, dead_letters=f"{begin}.dlq", **names)
        mode = baseline.mode if isinstance(baseline, FlinkBaseline) else settings.job.mode
        # No baseline reads labels or writes a feature log, so our job runs without them too.
        changed = {"labels": False, "feature_log_share": 0.0, "checkpoint_interval_s": 1.0, "mode": mode}
        return self.services.with_settings(topics=topics, job=settings.job.model_copy(update=changed))


def drain(baseline: BaselineProgram, work: Work, turn: int) -> float:
    """Run a baseline until it has scored its share of the topic; return its steady rate, events per second.

    Raises
    ------
    RuntimeFailure
        When it dies, or is not done within PATIENCE_S.
    """
    services, count = work.services_of(baseline, turn), round(work.events * baseline.share)
    create_topics(services.broker)
    running = _job(baseline, services) if isinstance(baseline, FlinkBaseline) else _processes(baseline, services)
    with running as fault:
        span_ms = _await(services, count, fault)
    with TopicGrowth(services.broker, services.settings.topics.scores) as growth:
        return growth.rate(count, span_ms)


def _why_ended(started: Sequence[OwnedProcess]) -> str | None:
    dead = next((process for process in started if not process.alive()), None)
    if dead is None:
        return None
    lines = Path(dead.log).read_text(errors="replace").strip().splitlines()
    return f"{dead.name} ended: {lines[-1] if lines else 'no output'} (all of its output: {dead.log})"


@contextmanager
def _processes(baseline: ProcessBaseline, services: Services) -> Iterator[Fault]:
    settings = services.settings
    python, state = interpreter(baseline), settings.state.root / "baselines" / settings.topics.scores
    state.mkdir(parents=True)
    programs = [(module, 0, 1) for module in baseline.companions]
    programs += [(baseline.module, number, baseline.processes) for number in range(baseline.processes)]
    started: list[OwnedProcess] = []
    try:
        for module, number, processes in programs:
            arguments = Arguments(
                bootstrap_servers=services.broker.bootstrap_servers,
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
    command: list[str | Path] = [python, "-m", f"benchmarks.baselines.{module}", *arguments.as_options()]
    log = settings.state.logs / f"{arguments.scores_topic}-{name}.log"
    return spawn(name, command, log=log, env=process_environment(find_java()), cwd=PROJECT_ROOT)


@contextmanager
def _job(baseline: FlinkBaseline, services: Services) -> Iterator[Fault]:
    fetch_baseline_jars(baseline.module)
    start(services.settings)  # restores a TaskManager that ended with process mode
    rest = services.rest
    with serving_schemas() if baseline.asks_registry else nullcontext() as url:
        kafka = services.settings.kafka.model_copy(update={"schema_registry_url": url})
        job = submit(services.with_settings(kafka=kafka), script=baseline.file)
        try:
            # The time of a restarted job would include its restart.
            yield lambda: rest.root_cause(job.job_id) or None
        finally:
            stop_job(services, job.job_id, savepoint=False)
            wait_until(lambda: rest.job(job.job_id)["state"] == "CANCELED", seconds=STOP_S)


def _await(services: Services, count: int, fault: Fault) -> range:
    """Wait for `count` scores; return the time span, milliseconds since 1970."""
    consumer, topic = services.broker.consumer(), services.settings.topics.scores
    begun_ms, found = now_ms(), 0

    def all_there() -> bool:
        nonlocal found
        if reason := fault():
            raise RuntimeFailure(reason)
        found = _records_in(consumer, topic)
        return found >= count

    try:
        if not wait_until(all_there, seconds=PATIENCE_S, interval_s=POLL_S):
            raise RuntimeFailure(f"expected {count:,} scores within {PATIENCE_S:.0f} s, got {found:,}")
    finally:
        consumer.close()
    return range(begun_ms - EARLIER_MS, now_ms() + 1)


def _records_in(consumer: Consumer, topic: str) -> int:
    """Return the number of records ever written to a topic; 0 while the broker is not ready for it."""
    try:
        return sum(high for _, _, high in partition_ranges(consumer, topic))
    except KafkaException:
        return 0

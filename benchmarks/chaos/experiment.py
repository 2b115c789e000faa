"""Chaos run: a stack of its own, a stream, faults while it flows, and the comparison with the oracle."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.chaos.changes import Changes
from benchmarks.chaos.chaos_result import ChaosResult, compare
from benchmarks.chaos.faults import await_running, hide_checkpoints, kill, stop_cluster
from benchmarks.chaos.found import read_topics
from benchmarks.chaos.oracle import Oracle
from benchmarks.chaos.plan import Change, Step, Target, draw_plan, targets
from benchmarks.chaos.recovery import recovery_times
from benchmarks.chaos.score_watch import ScoreWatch
from benchmarks.chaos.stream import Stream
from benchmarks.chaos.world import draw_labels, draw_world
from fraudstream.control.submit import job_config, stop_job, submit
from fraudstream.devstack.stack import Services, embedded, start
from fraudstream.observe.metrics.consumer_lag import ConsumerLag
from fraudstream.settings.settings import FlinkSettings, KafkaSettings, PathSettings, Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.run_state import RunState
from models.scoring.loaded_model import load_tested
from models.training.fit import LearnerSettings
from models.training.learners.lightgbm_trees import LightGbm
from models.training.train import train
from producers.publisher import Publisher
from schemas.errors import UserError
from schemas.registry import FileRegistry

FAULT_S = 45.0
"""Time per fault for which the stream is sized."""
TRANSACTION_TIMEOUT_S, OUTAGE_S = 60.0, 80.0
"""The broker aborts transactions open for this time, checking every 10 s; an outage is longer."""
CHECKPOINT_TIMEOUT_S, TOLERATED_FAILURES = 15.0, 2
"""Together shorter than a transaction lives; a lost checkpoint folder makes FAILED_CHECKPOINTS fail."""
SECOND_MODEL_TREES = 40
FIRST_SCORES_S, ALL_SCORES_S = 120.0, 180.0
ORACLE_STEP = 20_000

Notify = Callable[[str], None]

_JOB = {
    "emit_scores": True,
    "start_from": "earliest",
    "labels": True,
    "transaction_timeout_s": TRANSACTION_TIMEOUT_S,
    "checkpoint_timeout_s": CHECKPOINT_TIMEOUT_S,
    "tolerated_checkpoint_failures": TOLERATED_FAILURES,
}
"""Settings that the comparison and the faults need."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Fault of a run.

    Parameters
    ----------
    at_s
        Time of the fault, in seconds from the first score.
    target
        Target of the fault.
    recovery_s
        Seconds until scores came again, see `recovery_times`; infinite when none came.
    """

    at_s: float
    target: Target
    recovery_s: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of a run.

    Parameters
    ----------
    hits
        Faults in sequence.
    result
        Differences from the oracle.
    stream_s, oracle_s
        Seconds of the job, and of the oracle.
    """

    hits: list[Hit]
    result: ChaosResult
    stream_s: float
    oracle_s: float


def run_chaos(settings: Settings, *, kills: int, seed: int, rate: float, outage: bool, notify: Notify) -> Outcome:
    """Run the experiment; all its processes are stopped at the end, also after a failure.

    Parameters
    ----------
    settings
        Job and model settings; broker, cluster and state folder are the experiment's.
    kills
        Number of processes to kill.
    seed
        Seed of the stream and of the faults.
    rate
        Transactions a second.
    outage
        Whether the cluster is stopped once for longer than a Kafka transaction lives.
    notify
        Callback with a line for each event of the run.
    """
    load_tested(settings.model.artifact)  # before anything is started
    run_settings = _run_settings(settings)
    _empty(run_settings)
    plan = draw_plan(kills, seed, targets(run_settings.job.mode), outage=outage)
    table = draw_world(seed, rows=round(rate * (len(plan) * FAULT_S + FIRST_SCORES_S)))
    notify("training a second model to swap with")
    second = _second_model(run_settings, table)
    notify(f"{len(plan)} faults are drawn, {rate:,.0f} transactions a second; starting")
    with embedded(run_settings) as services:
        begin = time.monotonic()
        job_id = submit(services).job_id
        changes = Changes(services, (settings.model.artifact, second))
        stack = _Stack(services=services, job_id=job_id, changes=changes, notify=notify)
        sent, hits = stack.disturb(table, draw_labels(table, seed), plan, rate)
        stream_s = time.monotonic() - begin
        stop_job(services, job_id, savepoint=False)
        notify("reading the topics")
        found, labels = read_topics(services)
    begin = time.monotonic()
    rows = sent.to_pylist()
    sequences = {
        (record["customer_id"], record["transaction_id"]): record["entity_sequences"] for record in found.scores
    }
    progress = _oracle_progress(notify, len(rows))
    oracle = Oracle(rows, labels, changes.models, changes.books, sequences, progress=progress)
    published = [(row["customer_id"], row["transaction_id"]) for row in rows]
    result = compare(published, oracle.expect, found)
    return Outcome(hits=hits, result=result, stream_s=stream_s, oracle_s=time.monotonic() - begin)


def _second_model(settings: Settings, table: pa.Table) -> Path:
    """Train a small model to swap with, on the run's world."""
    folder = settings.state.create().root
    history = folder / "world.parquet"
    pq.write_table(table.slice(0, 30_000), history)
    learner = LightGbm(settings=LearnerSettings(trees=SECOND_MODEL_TREES, min_child_samples=20))
    train(history, folder / "second-model", learner=learner)
    return folder / "second-model"


def _empty(settings: Settings) -> None:
    """Empty the state folder, unless it is in use."""
    running = RunState.load(settings.state).running()
    if running:
        raise UserError(
            f"expected no processes in {settings.state.root}, got {', '.join(process.name for process in running)}. "
            "Wait for the other `fraudstream chaos`, or stop the processes of an earlier one: "
            f"`FRAUDSTREAM_PATHS__STATE={settings.state.root} fraudstream down`"
        )
    shutil.rmtree(settings.state.root, ignore_errors=True)


def _oracle_progress(notify: Notify, total: int) -> Callable[[int], None]:
    def progress(done: int) -> None:
        if done % ORACLE_STEP == 0 or done == total:
            notify(f"the oracle has scored {done:,} of {total:,}")

    return progress


def _run_settings(settings: Settings) -> Settings:
    """Return the job's settings with those that the comparison needs, and a broker, cluster and state of its own."""
    return settings.model_copy(
        update={
            "job": settings.job.model_copy(update=_JOB),
            "paths": PathSettings(state=settings.state.root / "chaos"),
            "kafka": KafkaSettings(),
            "flink": FlinkSettings(config=settings.flink.config),
        }
    )


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """Job and stack that the faults hit."""

    services: Services
    job_id: str
    changes: Changes
    notify: Notify

    def disturb(
        self, table: pa.Table, labels: pa.Table, plan: Sequence[Step], rate: float
    ) -> tuple[pa.Table, list[Hit]]:
        """Run the stream with changes and faults, repair them, wait for the last score; return those sent."""
        broker, topics = self.services.broker, self.services.settings.topics
        with (
            ScoreWatch(broker) as watch,
            Publisher(broker.bootstrap_servers) as publisher,
            Stream(table, labels, publisher, topics, FileRegistry(), rate=rate) as stream,
        ):
            self._await_first(watch)
            begin, moments = time.monotonic(), list[float]()
            for step in plan:
                time.sleep(step.pause_s)
                stream.require_alive()
                self._change(step.change)
                moments.append(self._hit(step.target))
                counts = f"{stream.count:,} sent with {stream.labels:,} labels, {len(watch.scored):,} scored"
                self.notify(f"{moments[-1] - begin:6.1f} s  {step.change} changed, {step.target} recovered; {counts}")
                if step.patient:
                    _await_after(watch, time.monotonic())
            _await_after(watch, time.monotonic())
            stream.end()
            self._await_labels()
            sent = stream.close()
            self.notify(f"{len(sent):,} sent, a last one of every customer among them; waiting for all scores")
            _await(lambda: len(watch.scored) >= len(sent))
        return sent, [
            Hit(at_s=moment - begin, target=step.target, recovery_s=seconds)
            for moment, step, seconds in zip(moments, plan, recovery_times(moments, watch.arrivals_s), strict=True)
        ]

    def _await_first(self, watch: ScoreWatch) -> None:
        if not wait_until(lambda: bool(watch.scored), seconds=FIRST_SCORES_S):
            logs = self.services.settings.state.logs
            raise RuntimeFailure(f"expected scores within {FIRST_SCORES_S:.0f} s, got none. See {logs}")

    def _await_labels(self) -> None:
        """Wait until the job has read all labels; otherwise the comparison reports it."""
        with closing(ConsumerLag(self.services.broker)) as lag:
            group, topic = job_config(self.services).group, self.services.settings.topics.labels
            _await(lambda: (lag.records(group) or {topic: 1})[topic] == 0)

    def _change(self, change: Change) -> None:
        if change is Change.MODEL:
            self.changes.swap_model()
        else:
            self.changes.change_rules()

    def _hit(self, target: Target) -> float:
        """Inject a fault and repair it as an operator would; return its time, by time.monotonic."""
        rest = self.services.rest
        if target is Target.CHECKPOINT_FOLDER:
            await_running(rest, self.job_id)
            moment = time.monotonic()
            hide_checkpoints(self.services.settings, rest, self.job_id)
            return moment
        moment = time.monotonic()
        if target is Target.OUTAGE:
            await_running(rest, self.job_id)
            stop_cluster(self.services.settings, OUTAGE_S)
        else:
            kill(self.services.settings, target)
            moment = time.monotonic()
        start(self.services.settings)
        return moment


def _await_after(watch: ScoreWatch, moment: float) -> None:
    _await(lambda: watch.arrivals_s[-1] > moment)


def _await(condition: Callable[[], bool]) -> None:
    """Wait for scores; otherwise the comparison reports the lost ones."""
    wait_until(condition, seconds=ALL_SCORES_S)

"""One run of the chaos harness: a stack of its own, a stream, faults while it flows, and what came of it."""

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
from fraudstream.devstack.flink_rest import FlinkRest
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
"""The stream is long enough for faults that take so long each."""
TRANSACTION_TIMEOUT_S, OUTAGE_S = 60.0, 80.0
"""The broker aborts what is open for so long, looking every 10 s; an outage is longer."""
CHECKPOINT_TIMEOUT_S, TOLERATED_FAILURES = 15.0, 2
"""Together shorter than a transaction lives; a lost checkpoint folder makes FAILED_CHECKPOINTS fail."""
SECOND_MODEL_TREES = 40
FIRST_SCORES_S, ALL_SCORES_S = 120.0, 180.0
ORACLE_STEP = 20_000

Tell = Callable[[str], None]

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
    """A fault that was made.

    Parameters
    ----------
    at_s
        When, in seconds from the first score.
    target
        What it hit.
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
        The faults, in order.
    verdict
        What differs from what had to come.
    stream_s, oracle_s
        Seconds that the job ran, and that the oracle took.
    """

    hits: list[Hit]
    verdict: ChaosResult
    stream_s: float
    oracle_s: float


def run_chaos(settings: Settings, *, kills: int, seed: int, rate: float, outage: bool, tell: Tell) -> Outcome:
    """Run the experiment; nothing is left running after it, whatever ends it.

    Parameters
    ----------
    settings
        The job's and the model's are kept; broker, cluster and state folder are its own.
    kills
        How many processes are killed.
    seed
        Of the stream and of the faults.
    rate
        Transactions a second.
    outage
        Whether the cluster is gone once for longer than a Kafka transaction lives.
    tell
        Given a line for each thing that happens.
    """
    load_tested(settings.model.artifact)  # before anything is started
    own = _own(settings)
    _empty(own)
    plan = draw_plan(kills, seed, targets(own.job.mode), outage=outage)
    table = draw_world(seed, rows=round(rate * (len(plan) * FAULT_S + FIRST_SCORES_S)))
    tell("training a second model to swap with")
    second = _second_model(own, table)
    tell(f"{len(plan)} faults are drawn, {rate:,.0f} transactions a second; starting")
    with embedded(own) as services:
        begin = time.monotonic()
        job_id = submit(own, services).job_id
        changes = Changes(own, services, (settings.model.artifact, second))
        stack = _Stack(settings=own, services=services, job_id=job_id, changes=changes, tell=tell)
        sent, hits = stack.disturb(table, draw_labels(table, seed), plan, rate)
        stream_s = time.monotonic() - begin
        stop_job(own, services, job_id, savepoint=False)
        tell("reading the topics")
        found, labels = read_topics(own, services)
    begin = time.monotonic()
    rows = sent.to_pylist()
    oracle = Oracle(rows, labels, changes.models, changes.books, progress=_teller(tell, len(rows)))
    published = [(row["customer_id"], row["transaction_id"]) for row in rows]
    verdict = compare(published, oracle.expect, found)
    return Outcome(hits=hits, verdict=verdict, stream_s=stream_s, oracle_s=time.monotonic() - begin)


def _second_model(settings: Settings, table: pa.Table) -> Path:
    """Train a model to swap with, a small one on the run's own world."""
    folder = settings.state.create().root
    history = folder / "world.parquet"
    pq.write_table(table.slice(0, 30_000), history)
    candidate = LightGbm(settings=LearnerSettings(trees=SECOND_MODEL_TREES, min_child_samples=20))
    train(history, folder / "second-model", learner=candidate)
    return folder / "second-model"


def _empty(settings: Settings) -> None:
    """Begin with an empty state folder, unless it is in use."""
    running = RunState.load(settings.state).running()
    if running:
        raise UserError(
            f"expected nothing to run in {settings.state.root}, was {', '.join(process.name for process in running)}: "
            "wait for the other `fraudstream chaos`, or end what one left behind: "
            f"`FRAUDSTREAM_PATHS__STATE={settings.state.root} fraudstream down`"
        )
    shutil.rmtree(settings.state.root, ignore_errors=True)


def _teller(tell: Tell, total: int) -> Callable[[int], None]:
    def progress(done: int) -> None:
        if done % ORACLE_STEP == 0 or done == total:
            tell(f"the oracle has scored {done:,} of {total:,}")

    return progress


def _own(settings: Settings) -> Settings:
    """Keep how the job runs, but for what the comparison needs; let broker, cluster and state be the experiment's."""
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
    """Target of the faults: the job, and its services."""

    settings: Settings
    services: Services
    job_id: str
    changes: Changes
    tell: Tell

    def disturb(
        self, table: pa.Table, labels: pa.Table, plan: Sequence[Step], rate: float
    ) -> tuple[pa.Table, list[Hit]]:
        """Let the stream flow, make changes and faults, repair them, wait for the last score; return what was sent."""
        broker, topics = self.services.broker(self.settings), self.settings.topics
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
                self.tell(f"{moments[-1] - begin:6.1f} s  {step.change} changed, {step.target} back; {counts}")
                if step.patient:
                    _await_after(watch, time.monotonic())
            _await_after(watch, time.monotonic())
            stream.end()
            self._await_labels()
            sent = stream.close()
            self.tell(f"{len(sent):,} sent, a last one of every customer among them; waiting for all scores")
            _await(lambda: len(watch.scored) >= len(sent))
        return sent, [
            Hit(at_s=moment - begin, target=step.target, recovery_s=seconds)
            for moment, step, seconds in zip(moments, plan, recovery_times(moments, watch.arrivals_s), strict=True)
        ]

    def _await_first(self, watch: ScoreWatch) -> None:
        if not wait_until(lambda: bool(watch.scored), seconds=FIRST_SCORES_S):
            logs = self.settings.state.logs
            raise RuntimeFailure(f"expected scores within {FIRST_SCORES_S:.0f} s, was none: see {logs}")

    def _await_labels(self) -> None:
        """Wait until the job has learned all labels; if it does not, the comparison will say so."""
        with closing(ConsumerLag(self.services.broker(self.settings))) as lag:
            group, topic = job_config(self.settings, self.services).group, self.settings.topics.labels
            _await(lambda: (lag.records(group) or {topic: 1})[topic] == 0)

    def _change(self, change: Change) -> None:
        if change is Change.MODEL:
            self.changes.swap_model()
        else:
            self.changes.change_rules()

    def _hit(self, target: Target) -> float:
        """Make a fault, and repair it as an operator would; return when it was made, by time.monotonic."""
        rest = FlinkRest(url=self.services.rest_url)
        if target is Target.CHECKPOINT_FOLDER:
            await_running(rest, self.job_id)
            moment = time.monotonic()
            hide_checkpoints(self.settings, rest, self.job_id)
            return moment
        moment = time.monotonic()
        if target is Target.OUTAGE:
            await_running(rest, self.job_id)
            stop_cluster(self.settings, OUTAGE_S)
        else:
            kill(self.settings, target)
            moment = time.monotonic()
        start(self.settings)
        return moment


def _await_after(watch: ScoreWatch, moment: float) -> None:
    _await(lambda: watch.arrivals_s[-1] > moment)


def _await(condition: Callable[[], bool]) -> None:
    """Wait for scores; if they do not come, the comparison will say which are lost."""
    wait_until(condition, seconds=ALL_SCORES_S)

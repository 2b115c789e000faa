"""One run of the chaos harness: a stack of its own, a stream, faults while it flows, and what came of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from models.scoring.loaded_model import load_tested
from producers.publisher import Publisher
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.chaos.faults import await_running, hide_checkpoints, kill
from runtime.chaos.oracle import consult
from runtime.chaos.plan import Step, Target, draw_plan, targets
from runtime.chaos.recovery import recovery_times
from runtime.chaos.score_watch import ScoreWatch
from runtime.chaos.stream import Stream
from runtime.chaos.verdict import Found, Verdict, compare
from runtime.configuration.settings import FlinkSettings, KafkaSettings, PathSettings, Settings
from runtime.host.deadline import wait_until
from runtime.host.failures import RuntimeFailure
from runtime.host.run_state import RunState
from runtime.job_control.submit import stop_job, submit
from runtime.kafka.topic_reader import read_topic
from runtime.local.embedded import Services, embedded, start
from runtime.local.flink_rest import FlinkRest
from schemas.avro_schemas import ALERT, SCORE, TRANSACTION
from schemas.codec import RecordCodec
from schemas.errors import UserError
from schemas.registry import FileRegistry, value_subject

FAULT_S = 45.0
"""The stream is long enough for faults that take so long each."""
CUSTOMER_TRANSACTIONS, DAYS = 300, 40
"""Of the whole stream; faults that take a third of FAULT_S leave 100, more than a history keeps one by one."""
FIRST_SCORES_S, ALL_SCORES_S = 120.0, 180.0
ORACLE_STEP = 20_000

Tell = Callable[[str], None]


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
    """What a run ends with.

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
    verdict: Verdict
    stream_s: float
    oracle_s: float


def run_chaos(settings: Settings, *, kills: int, seed: int, rate: float, tell: Tell) -> Outcome:
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
    tell
        Told in a line what happens.
    """
    artifact = load_tested(settings.model.artifact)
    own = _own(settings)
    _empty(own)
    plan = draw_plan(kills, seed, targets(own.job.mode))
    table = _world(seed, rows=round(rate * (len(plan) * FAULT_S + FIRST_SCORES_S)))
    tell(f"{len(plan)} faults are drawn, {rate:,.0f} transactions a second; starting")
    with embedded(own) as services:
        begin = time.monotonic()
        job_id = submit(own, services).job_id
        stack = _Stack(settings=own, services=services, job_id=job_id, tell=tell)
        sent, hits = stack.disturb(table, plan, rate)
        stream_s = time.monotonic() - begin
        stop_job(own, services, job_id, savepoint=False)
        tell("reading the topics")
        found = _read(own, services)
    begin = time.monotonic()
    verdict = compare(consult(sent, artifact, progress=_teller(tell, len(sent))), found)
    return Outcome(hits=hits, verdict=verdict, stream_s=stream_s, oracle_s=time.monotonic() - begin)


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
            "job": settings.job.model_copy(update={"emit_scores": True, "start_from": "earliest"}),
            "paths": PathSettings(state=settings.state.root / "chaos"),
            "kafka": KafkaSettings(),
            "flink": FlinkSettings(config=settings.flink.config),
        }
    )


def _world(seed: int, *, rows: int) -> pa.Table:
    customers = max(50, rows // CUSTOMER_TRANSACTIONS)
    a_day = 1.2 * rows / customers / DAYS  # customers differ, and all together they must be enough
    config = SimulationConfig(
        seed=seed, customers=customers, days=DAYS, transactions_per_customer_day=a_day, fraud_rate=0.02
    )
    return simulate(config).slice(0, rows)


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """What the faults are made to: the job, and what it runs on."""

    settings: Settings
    services: Services
    job_id: str
    tell: Tell

    def disturb(self, table: pa.Table, plan: Sequence[Step], rate: float) -> tuple[pa.Table, list[Hit]]:
        """Let the stream flow, make the faults and mend them, and wait for the last score; returns what was sent."""
        servers, topic = self.services.bootstrap_servers, self.settings.topics.transactions
        with (
            ScoreWatch(self.settings, servers) as watch,
            Publisher(servers) as publisher,
            Stream(table, publisher, topic, FileRegistry(), rate=rate) as stream,
        ):
            self._await_first(watch)
            begin, moments = time.monotonic(), list[float]()
            for step in plan:
                time.sleep(step.pause_s)
                stream.require_alive()
                moments.append(self._hit(step.target))
                counts = f"{stream.count:,} sent, {len(watch.scored):,} scored"
                self.tell(f"{moments[-1] - begin:6.1f} s  {step.target}: mended; {counts}")
                if step.patient:
                    _await_after(watch, time.monotonic())
            _await_after(watch, time.monotonic())
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

    def _hit(self, target: Target) -> float:
        """Make a fault, and mend it as an operator would; returns when it was made, by time.monotonic."""
        rest = FlinkRest(url=self.services.rest_url)
        if target is Target.CHECKPOINT_FOLDER:
            await_running(rest, self.job_id)
            moment = time.monotonic()
            hide_checkpoints(self.settings, rest, self.job_id)
            return moment
        kill(self.settings, target)
        moment = time.monotonic()
        start(self.settings)
        return moment


def _await_after(watch: ScoreWatch, moment: float) -> None:
    _await(lambda: watch.arrivals_s[-1] > moment)


def _await(condition: Callable[[], bool]) -> None:
    """Wait for scores; if they do not come, the comparison will say which are lost."""
    wait_until(condition, seconds=ALL_SCORES_S)


def _read(settings: Settings, services: Services) -> Found:
    topics = settings.topics

    def records(name: str, topic: str) -> Iterator[dict[str, object]]:
        codec = RecordCodec(name, value_subject(topic), FileRegistry())
        messages = list(read_topic(settings, services.bootstrap_servers, topic))
        messages.sort(key=lambda message: (message.partition(), message.offset()))
        return (codec.decode(message.value() or b"") for message in messages)

    return Found(
        transactions=[str(record["transaction_id"]) for record in records(TRANSACTION, topics.transactions)],
        scores=list(records(SCORE, topics.scores)),
        alerts=list(records(ALERT, topics.alerts)),
        dead_letters=sum(1 for _ in read_topic(settings, services.bootstrap_servers, topics.dead_letters)),
    )

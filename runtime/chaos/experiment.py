"""One run of the chaos harness: a stack of its own, a stream, faults while it flows, and what came of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa

from models.scoring.artifact import load_artifact
from producers.publisher import Publisher
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.chaos.faults import await_running, hide_checkpoints, kill
from runtime.chaos.oracle import consult
from runtime.chaos.plan import Step, Target, draw_plan, targets
from runtime.chaos.score_watch import ScoreWatch
from runtime.chaos.stream import Stream
from runtime.chaos.verdict import Found, Verdict, compare
from runtime.deadline import wait_until
from runtime.embedded import Services, embedded, start
from runtime.failures import RuntimeFailure
from runtime.flink_rest import FlinkRest
from runtime.settings import FlinkSettings, KafkaSettings, PathSettings, Settings
from runtime.submit import stop_job, submit
from runtime.topic_reader import read_topic
from schemas.avro_schemas import ALERT, SCORE, TRANSACTION
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry, value_subject

DAYS, A_DAY, CUSTOMER_TRANSACTIONS = 40, 3.0, 100
"""So many transactions of each customer: more than a history keeps one by one."""
SLACK = 3.0
"""The stream is made so much longer than the plan: mending takes its time."""
FIRST_SCORES_S, ALL_SCORES_S = 120.0, 180.0

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A fault that was made.

    Parameters
    ----------
    at_s
        When, in seconds from the begin of the stream.
    target
        What it hit.
    recovery_s
        Seconds until scores came again, see `recovery_times`.
    """

    at_s: float
    target: Target
    recovery_s: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run ends with."""

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
    artifact = load_artifact(settings.model.artifact)
    own = _own(settings)
    shutil.rmtree(own.state.root, ignore_errors=True)
    plan = draw_plan(kills, seed, targets(own.job.mode))
    table = _world(seed, rows=round(rate * (plan[-1].at_s * SLACK + FIRST_SCORES_S)))
    tell(f"{len(plan)} faults within about {plan[-1].at_s:,.0f} s, {rate:,.0f} transactions a second; starting")
    with embedded(own) as services:
        begin = time.monotonic()
        job_id = submit(own, services).job_id
        sent, hits = _disturb(own, services, job_id, table, plan, rate, tell)
        stream_s = time.monotonic() - begin
        stop_job(own, services, job_id, savepoint=False)
        tell("reading the topics")
        found = _read(own, services)
    tell(f"asking the oracle for {len(sent):,} scores")
    begin = time.monotonic()
    verdict = compare(consult(sent, artifact, progress=lambda _done: None), found)
    return Outcome(hits=hits, verdict=verdict, stream_s=stream_s, oracle_s=time.monotonic() - begin)


def recovery_times(moments_s: Sequence[float], arrivals_s: Sequence[float]) -> list[float]:
    """Return, for each fault, the seconds until scores came again: to the end of the longest silence after it.

    Parameters
    ----------
    moments_s
        When the faults were made, rising. A fault answers for the time until the next one.
    arrivals_s
        When scores came, rising.
    """
    found = []
    for moment, following in pairwise([*moments_s, float("inf")]):
        here = [at for at in arrivals_s if moment < at < following]
        later = next((at for at in arrivals_s if at >= following), float("inf"))
        silences = pairwise([moment, *here, later] if later < float("inf") or not here else [moment, *here])
        # What follows the next fault is not this one's, but it may have to be waited for.
        longest = max(silences, key=lambda pair: min(pair[1], following) - pair[0])
        found.append(longest[1] - moment)
    return found


def _own(settings: Settings) -> Settings:
    """Keep how the job runs; let broker, cluster and state be the experiment's own."""
    return settings.model_copy(
        update={
            "paths": PathSettings(state=settings.state.root / "chaos"),
            "kafka": KafkaSettings(),
            "flink": FlinkSettings(config=settings.flink.config),
        }
    )


def _world(seed: int, *, rows: int) -> pa.Table:
    customers = max(50, rows // CUSTOMER_TRANSACTIONS)
    config = SimulationConfig(
        seed=seed, customers=customers, days=DAYS, transactions_per_customer_day=A_DAY, fraud_rate=0.02
    )
    return simulate(config).slice(0, rows)


def _disturb(
    settings: Settings,
    services: Services,
    job_id: str,
    table: pa.Table,
    plan: Sequence[Step],
    rate: float,
    tell: Tell,
) -> tuple[pa.Table, list[Hit]]:
    """Let the stream flow, make the faults and mend them, and wait for the last score."""
    registry, topic = FileRegistry(), settings.topics.transactions
    with (
        ScoreWatch(settings, services.bootstrap_servers) as watch,
        Publisher(services.bootstrap_servers) as publisher,
        Stream(table, publisher, topic, registry, rate=rate) as stream,
    ):
        if not wait_until(lambda: bool(watch.scored), seconds=FIRST_SCORES_S):
            raise RuntimeFailure(f"expected scores within {FIRST_SCORES_S:.0f} s, was none: see {settings.state.logs}")
        begin = time.monotonic()
        moments = []
        for step in plan:
            time.sleep(max(0.0, begin + step.at_s - time.monotonic()))
            stream.require_alive()
            moments.append(_hit(settings, services, job_id, step.target))
            tell(f"{moments[-1] - begin:6.1f} s  {step.target}, {stream.count:,} sent, {len(watch.scored):,} scored")
        _await(lambda: bool(watch.arrivals_s) and watch.arrivals_s[-1] > moments[-1] + 5)
        sent = stream.close()
        tell(f"{len(sent):,} sent, a last one of every customer among them; waiting for all scores")
        _await(lambda: len(watch.scored) >= len(sent))
    times = recovery_times(moments, watch.arrivals_s)
    hits = [
        Hit(at_s=moment - begin, target=step.target, recovery_s=seconds)
        for moment, step, seconds in zip(moments, plan, times, strict=True)
    ]
    return sent, hits


def _hit(settings: Settings, services: Services, job_id: str, target: Target) -> float:
    """Make a fault, and mend it as an operator would; returns when it was made, by time.monotonic."""
    rest = FlinkRest(url=services.rest_url)
    if target is Target.CHECKPOINT_FOLDER:
        await_running(rest, job_id)
        moment = time.monotonic()
        hide_checkpoints(settings, rest, job_id)
        return moment
    kill(settings, target)
    moment = time.monotonic()
    start(settings)
    return moment


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

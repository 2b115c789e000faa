"""Demo of the model lifecycle: a new fraud pattern, its drift, retraining and promotion."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fraudstream.control.model_events import SERVING, read_model_events
from fraudstream.control.submit import stop_job, submit
from fraudstream.demos.demo import demo_settings, train_once
from fraudstream.demos.lifecycle_chart import lifecycle_chart
from fraudstream.demos.lifecycle_stream import LifecycleStream
from fraudstream.devstack.stack import Progress, embedded
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import await_records
from fraudstream.lifecycle.gate_checks import check_gates
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.promotion import Promotion
from fraudstream.lifecycle.retrain_schedule import RetrainSchedule
from fraudstream.lifecycle.retrain_trigger import RetrainTrigger
from fraudstream.lifecycle.retraining import Retrained, Retraining
from fraudstream.readers.score_comparison import Scores, read_scores
from fraudstream.settings.settings import RetrainSettings, Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from fraudstream.terminal import err, out, write_json
from models.monitoring.pattern_recall import PatternRecall
from models.training.training_settings import TrainingSettings
from producers.scenarios import NEW_PATTERN
from producers.simulate import simulate
from producers.simulation_config import Drift, SimulationConfig, epoch_ms
from schemas.durations import DAY_MS

HISTORY = SimulationConfig(seed=1, customers=3_000, days=30, label_delay_days=2.0)
DRIFT_AT = HISTORY.end + timedelta(days=8)
LIVE = SimulationConfig(
    seed=2,
    customers=3_000,
    days=70,
    label_delay_days=2.0,
    start=HISTORY.end,
    drift=Drift.NEW_FRAUD_PATTERN,
    drift_at=DRIFT_AT,
)
"""More days than needed: the stream ends AFTER_DAYS after the promotion."""

PLAN = RetrainSettings(
    window_days=16,
    horizon_days=4,
    collect_days=10,
    cool_down_hours=1,
    signals=("error",),
    shadow_transactions=5_000,
    shadow_timeout_s=30,
)
RATE = 3_000.0
AFTER_DAYS = 6
LOOP_S = 600.0
SCORED_WITHIN_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Events of the lifecycle, each with the event time sent by then in milliseconds since 1970."""

    drift_seen_ms: int
    retrained: Retrained
    promoted_ms: int


@dataclass(frozen=True, kw_only=True)
class LifecycleSummary:
    """Summary of the demo.

    Parameters
    ----------
    drift_delay_s : float
        Event time from the first fraud of the pattern to its drift event, including the label maturity.
    retrain_s : float
        Duration of reading, training, shadow mode, gates and hot swap.
    recall_before, recall_after : float
        Recall of the pattern by the served model, at 1 % alerts.
    swaps : int
        Champion changes that every shard applied.
    lost_events : int
        Transactions sent but not scored.
    """

    drift_delay_s: float
    retrain_s: float
    recall_before: float
    recall_after: float
    swaps: int
    lost_events: int


def run_lifecycle_demo(settings: Settings) -> LifecycleSummary:
    """Train, start all services, send transactions until a model with the new pattern is promoted, stop all services.

    Raises
    ------
    RuntimeFailure
        No drift was detected in time, or the new model was not promoted.
    """
    demo = demo_settings(settings, name="lifecycle").model_copy(update={"retrain": PLAN})
    model = demo.model.artifact
    out.print("[bold]1.[/] Train a model on 30 simulated days")
    train_once(demo, HISTORY, TrainingSettings())
    table = simulate(LIVE)
    with err.status("starting") as status, embedded(demo, progress=Progress(on_step=status.update)) as services:
        registry, broker = ModelRegistry(demo), services.broker
        version, _ = registry.push(model)
        first = Promotion(demo, registry, broker).promote(check_gates(registry, version, demo), reason="the first")
        if first.outcome != "done":
            raise RuntimeFailure(f"expected the first model to pass the gates, got {first.outcome}: {first.gates}")
        status.update("submitting the job")
        job = submit(services)
        status.stop()
        out.print(f"[bold]2.[/] The job scores {RATE:,.0f} transactions per second with {version.model_id}, v1")
        stream = LifecycleStream(broker, table, RATE)
        loop = _run_loop(broker, registry, stream)
        await_records(broker, demo.topics.scores, stream.sent, seconds=SCORED_WITHIN_S)
        summary = _measure(broker, table.slice(0, stream.sent), loop, model.with_name("recall.svg"))
        stop_job(services, job.job_id, savepoint=False)
    write_json(asdict(summary))
    return summary


def _run_loop(broker: Broker, registry: ModelRegistry, stream: LifecycleStream) -> Loop:
    """Send and retrain concurrently, until some days after the promotion."""
    drifts: list[int] = []
    found: list[Retrained] = []
    retraining = Retraining(broker.settings, registry, broker)

    def seen(record: dict[str, Any]) -> None:
        if not drifts:
            out.print(f"[bold]4.[/] {_day(stream.at_ms)}: {record['detector']} detects {record['signal']} drift; "
                      f"retraining in {PLAN.collect_days:g} days of event time", soft_wrap=True)  # fmt: skip
        drifts.append(stream.at_ms)

    def retrain(reason: str) -> Retrained:
        out.print(f"[bold]5.[/] {_day(stream.at_ms)}: retraining, while the stream continues")
        found.append(retraining.run(reason))
        return found[-1]

    schedule = RetrainSchedule(PLAN, broker.settings.state.models / "retraining" / "schedule.json", time.time())
    trigger = RetrainTrigger(broker, schedule, retrain, on_drift=seen, on_failure=_fail)
    out.print(f"[bold]3.[/] On {_day(epoch_ms(DRIFT_AT))} a new fraud pattern will start: {NEW_PATTERN.__name__}")
    with _concurrently(stream, trigger) as (sending, watching):
        wait_until(lambda: bool(found) or sending.done() or watching.done(), seconds=LOOP_S)
        promoted_ms = stream.at_ms
        stream.end_at(promoted_ms + AFTER_DAYS * DAY_MS if found else 0)
        sending.result()
    if not found:
        raise RuntimeFailure(
            f"expected a retraining by {_day(promoted_ms)}, got none, after {len(drifts)} drift events"
        )
    (retrained,) = found
    if retrained.end != "promoted":
        failed = ", ".join(f"{gate['name']} ({gate['was']})" for gate in retrained.gates if not gate["passed"])
        raise RuntimeFailure(f"expected the new model to be promoted, got {retrained.end}: {failed}")
    out.print(f"[bold]6.[/] {_day(promoted_ms)}: {retrained.model_id} is champion, after {retrained.seconds:.0f} s")
    return Loop(drift_seen_ms=drifts[0], retrained=retrained, promoted_ms=promoted_ms)


@contextmanager
def _concurrently(stream: LifecycleStream, trigger: RetrainTrigger) -> Iterator[tuple[Future[None], Future[None]]]:
    """Run both in threads until the block ends."""
    with ThreadPoolExecutor(2) as pool:
        sending, watching = pool.submit(stream.run), pool.submit(trigger.run)
        try:
            yield sending, watching
        finally:
            stream.end_at(0)
            trigger.stop()
    watching.result()


def _fail(text: str) -> None:
    raise RuntimeFailure(text)


def _measure(broker: Broker, sent: pa.Table, loop: Loop, plot: Path) -> LifecycleSummary:
    drift_ms = epoch_ms(DRIFT_AT)
    scores = read_scores(broker, broker.topics.scores, 0)
    recall, missing = pattern_recall(sent, scores, model_id=loop.retrained.model_id, since_ms=drift_ms)
    marks = {
        "drift seen": loop.drift_seen_ms,
        "trained up to here": round(loop.retrained.until.timestamp() * 1000),
        "promoted": loop.promoted_ms,
    }
    plot.write_text(lifecycle_chart(recall, marks))
    out.print(f"[bold]7.[/] Recall of the new pattern at 1 % alerts: {recall.before:.2f}, then {recall.after:.2f}; "
              f"by day in {plot}", soft_wrap=True)  # fmt: skip
    return LifecycleSummary(
        drift_delay_s=round((loop.drift_seen_ms - drift_ms) / 1000),
        retrain_s=round(loop.retrained.seconds, 1),
        recall_before=round(recall.before, 3),
        recall_after=round(recall.after, 3),
        swaps=_swaps(broker),
        lost_events=missing,
    )


def pattern_recall(sent: pa.Table, scores: Scores, *, model_id: str, since_ms: int) -> tuple[PatternRecall, int]:
    """Join transactions with their scores, and measure the recall of the new pattern.

    Parameters
    ----------
    sent : pyarrow.Table
        Transactions in the columns of LABELLED_ARROW, with the scenario.
    scores : Scores
        Scores by customer and transaction_id.
    since_ms : int
        Start of the pattern.

    Returns
    -------
    recall : PatternRecall
    missing : int
        Transactions without a score.
    """
    keys = zip(sent["customer_id"].to_pylist(), sent["transaction_id"].to_pylist(), strict=True)
    found = {row: scores[key] for row, key in enumerate(keys) if key in scores}
    scored = sent.take(pa.array([*found], pa.int64()))
    recall = PatternRecall.of(
        event_time_ms=scored["event_time"].cast(pa.int64()).to_numpy(),
        scores=np.array([score["score"] for score in found.values()], np.float32),
        is_pattern=np.array([kind == NEW_PATTERN.__name__ for kind in scored["scenario"].to_pylist()], np.bool_),
        by_new=np.array([score["model_id"] == model_id for score in found.values()], np.bool_),
        since_ms=since_ms,
    )
    return recall, len(sent) - len(found)


def _swaps(broker: Broker) -> int:
    """Count the champion changes that every shard applied."""
    serving: dict[int, list[str]] = {}
    for event in read_model_events(broker):
        models = serving.setdefault(event.shard, [])
        if event.kind == SERVING and event.model_id not in models[-1:]:
            models.append(event.model_id)
    return min((len(models) - 1 for models in serving.values()), default=0)


def _day(event_time_ms: int) -> str:
    return f"{datetime.fromtimestamp(event_time_ms / 1000, UTC):%Y-%m-%d}"

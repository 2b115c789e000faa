"""Demo from transactions to alerts."""

import shutil
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.live import Live
from rich.table import Table

from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import Progress, Services, embedded
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_reader import await_records
from fraudstream.readers.alert_watch import AlertWatch
from fraudstream.readers.latency import measure_latency
from fraudstream.settings.settings import ModelSettings, PathSettings, Settings
from fraudstream.terminal import count_bar, err, out, stage_shower, write_json
from models.scoring.artifact import MANIFEST_FILE, MODEL_FILE, ArtifactError, Manifest
from models.scoring.loaded_model import load_tested
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.replay_with_labels import replay_with_labels
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.currency import amount_text

HISTORY = SimulationConfig(seed=1, customers=3_000, days=30)
LIVE = SimulationConfig(seed=2, customers=1_000, days=30)
TRAINING = TrainingSettings(seed=1)
RATE = 3_000.0
TRANSACTIONS = 75_000
SHOWN = 12
SCORED_WITHIN_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Summary of the demo."""

    transactions: int
    alerts: int
    precision: float
    recall: float
    events_per_s: float
    p50_ms: float
    p99_ms: float


def run_demo(settings: Settings) -> Summary:
    """Train, start broker and cluster, submit the job, send transactions, show alerts, stop all services.

    The demo uses a state folder of its own; only the trained model is kept for the next run.
    """
    demo = demo_settings(settings)
    out.print("[bold]1.[/] Train a model on simulated transactions (seed 1)")
    show_model(train_once(demo))
    out.print("[bold]2.[/] Start a Kafka broker and a Flink cluster")
    with err.status("starting") as status, embedded(demo, progress=Progress(on_step=status.update)) as services:
        out.print(f"   broker {services.broker.bootstrap_servers}, Flink UI {services.rest_url}")
        status.update("submitting the job")
        job = submit(
            services,
            on_line=lambda line: out.print(f"[bold]3.[/] Submit the job\n   [dim]{line}[/]", soft_wrap=True),
        )
        status.stop()
        summary = _show(services)
        stop_job(services, job.job_id, savepoint=False)
    out.print("All services are stopped. Next: `fraudstream --help`, or the README.")
    write_json(asdict(summary))
    return summary


def demo_settings(settings: Settings, folder: str = "state", *, name: str = "demo") -> Settings:
    """Return settings with an empty state folder and a reusable model, both in the folder of a demo."""
    root = settings.state.root / name
    shutil.rmtree(root / folder, ignore_errors=True)
    return settings.model_copy(
        update={"paths": PathSettings(state=root / folder), "model": ModelSettings(artifact=root / "model")}
    )


def train_once(demo: Settings, world: SimulationConfig = HISTORY, training: TrainingSettings = TRAINING) -> Manifest:
    """Train the model of a demo on simulated transactions, or reuse the one of the last run."""
    model = demo.model.artifact
    try:
        return load_tested(model).manifest
    except ArtifactError:
        history = model.with_name("history.parquet")
        history.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(simulate(world), history)
        with count_bar("training", None) as bar:
            manifest = train(history, model, training, progress=stage_shower(bar))
        history.unlink()
        return manifest


def with_model(
    settings: Settings, world: SimulationConfig = HISTORY, training: TrainingSettings = TRAINING
) -> Settings:
    """Return settings with a model: the configured one, or a new one under the state folder.

    A configured model that can't serve is kept, so that loading it fails.
    """
    artifact = settings.model.artifact.expanduser()
    if (artifact / MANIFEST_FILE).exists() or (artifact / MODEL_FILE).exists():
        return settings
    own = settings.model_copy(update={"model": ModelSettings(artifact=settings.state.root / "simulated" / "model")})
    err.print(f"No model in {artifact}: using one trained on simulated data in {own.model.artifact}", soft_wrap=True)
    train_once(own, world, training)
    return own


def show_model(manifest: Manifest) -> None:
    """Show the id and quality of a model."""
    out.print(f"   {manifest.model_id}: PR-AUC {manifest.metrics['pr_auc']:.3f} on later, unseen days")


def _show(services: Services) -> Summary:
    table = simulate(LIVE).slice(0, TRANSACTIONS)
    frauds = _frauds(table)
    hidden = f"{len(frauds):,} frauds among them"
    out.print(f"[bold]4.[/] Send {len(table):,} transactions (seed 2), {RATE:,.0f} per second, {hidden}")
    screen = _AlertScreen(frauds)
    broker, topics = services.broker, services.settings.topics
    registry = registry_of(services.settings)
    with Live(screen, console=err, refresh_per_second=5) as live:
        with AlertWatch(broker, screen.add) as watch:
            with broker.publisher() as publisher:
                start = time.monotonic()
                replay_with_labels(
                    table, publisher, topics.transactions, topics.labels, registry, rate=RATE, on_progress=screen.sent
                )
            await_records(broker, topics.scores, len(table), seconds=SCORED_WITHIN_S)
            seconds = time.monotonic() - start
            watch.catch_up()
        live.refresh()
    alerted = watch.seen_at_ms.keys()
    found = len(alerted & frauds)
    latency = measure_latency(broker, watch.seen_at_ms)
    summary = Summary(
        transactions=len(table),
        alerts=len(alerted),
        precision=found / max(1, len(alerted)),
        recall=found / max(1, len(frauds)),
        events_per_s=len(table) / seconds,
        p50_ms=latency.p50_ms,
        p99_ms=latency.p99_ms,
    )
    _print_summary(summary)
    return summary


def _frauds(table: pa.Table) -> set[tuple[str, str]]:
    """Return customer and transaction_id of each fraud."""
    frauds = table.filter(table["is_fraud"])
    return set(zip(frauds["customer_id"].to_pylist(), frauds["transaction_id"].to_pylist(), strict=True))


class _AlertScreen:
    """Live table of the newest alerts with counts."""

    def __init__(self, frauds: set[tuple[str, str]]) -> None:
        self._frauds = frauds
        self._rows: deque[dict[str, Any]] = deque(maxlen=SHOWN)
        self._alerts = 0
        self._sent = 0

    def add(self, alert: dict[str, Any]) -> None:
        self._alerts += 1
        self._rows.append(alert)

    def sent(self, count: int) -> None:
        self._sent = count

    def __rich__(self) -> Table:
        table = Table(title=f"{self._sent:,} sent, {self._alerts:,} alerts", title_justify="left", box=None)
        for heading in ("customer", "amount", "score", "decision", "why", "truth"):
            table.add_column(heading, justify="right" if heading in {"amount", "score"} else "left")
        for alert in tuple(self._rows):
            fraud = (alert["customer_id"], alert["transaction_id"]) in self._frauds
            table.add_row(
                alert["customer_id"],
                amount_text(alert["amount_minor"], alert["currency"]),
                f"{alert['score']:.3f}",
                alert["decision"],
                ", ".join(reason["code"] for reason in alert["reasons"]),
                "[red]fraud[/]" if fraud else "[dim]genuine[/]",
            )
        return table


def _print_summary(summary: Summary) -> None:
    table = Table(box=None, show_header=False)
    for name, value in (
        ("transactions scored", f"{summary.transactions:,}"),
        ("alerts", f"{summary.alerts:,}"),
        ("precision: alerts that are frauds", f"{summary.precision:.2f}"),
        ("recall: frauds that were alerted", f"{summary.recall:.2f}"),
        ("publish to alert", f"p50 {summary.p50_ms:.0f} ms, p99 {summary.p99_ms:.0f} ms"),
    ):
        table.add_row(name, value)
    out.print("[bold]5.[/] Summary")
    out.print(table)

"""Demo from transactions to alerts."""

import shutil
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fraudstream.control.submit import stop_job, submit
from fraudstream.demos.shown_stream import RATE, Summary, show_stream, show_summary
from fraudstream.devstack.stack import Progress, embedded
from fraudstream.settings.settings import ModelSettings, PathSettings, Settings
from fraudstream.terminal import count_bar, err, out, stage_shower, write_json
from models.scoring.artifact import MANIFEST_FILE, MODEL_FILE, ArtifactError, Manifest
from models.scoring.loaded_model import load_tested
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

HISTORY = SimulationConfig(seed=1, customers=3_000, days=30)
LIVE = SimulationConfig(seed=2, customers=1_000, days=30)
TRAINING = TrainingSettings(seed=1)
TRANSACTIONS = 75_000


def run_demo(settings: Settings) -> Summary:
    """Train, start broker and cluster, submit the job, send transactions, show alerts, stop all services.

    The demo uses a state folder of its own; only the trained model is kept for the next run.
    """
    demo = demo_settings(settings)
    out.print("[bold]1.[/] Train a model on simulated transactions (seed 1)")
    show_model(train_once(demo))
    table = simulate(LIVE).slice(0, TRANSACTIONS)
    frauds = f"{pc.sum(table['is_fraud']).as_py():,} frauds among them"
    return stream_to_alerts(demo, table, f"Send {len(table):,} transactions (seed 2), {RATE:,.0f} per second, {frauds}")


def stream_to_alerts(demo: Settings, table: pa.Table, title: str, *, shown_from: int = 0) -> Summary:
    """Start broker and cluster, submit the job, send transactions, show alerts, stop all services.

    Parameters
    ----------
    demo : Settings
        With a model.
    table, shown_from
        See `show_stream`.
    title : str
        Says what is sent.
    """
    out.print("[bold]2.[/] Start a Kafka broker and a Flink cluster")
    with err.status("starting") as status, embedded(demo, progress=Progress(on_step=status.update)) as services:
        out.print(f"   broker {services.broker.bootstrap_servers}, Flink UI {services.rest_url}")
        status.update("submitting the job")
        job = submit(
            services,
            on_line=lambda line: out.print(f"[bold]3.[/] Submit the job\n   [dim]{line}[/]", soft_wrap=True),
        )
        status.stop()
        out.print(f"[bold]4.[/] {title}")
        summary = show_stream(services, table, shown_from=shown_from)
        out.print("[bold]5.[/] Summary")
        show_summary(summary)
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
        manifest = train_shown(history, model, training)
        history.unlink()
        return manifest


def train_shown(history: Path, model: Path, training: TrainingSettings) -> Manifest:
    """Train the model of a demo on a file, with the progress on the screen."""
    with count_bar("training", None) as bar:
        return train(history, model, training, progress=stage_shower(bar))


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

"""Effect of model swaps on the time to an alert: the same live load with and without swaps, in turn.

For both, p50 and p99 of the time from publishing to the alert over all turns, in milliseconds, and the time of a shard
from the control record to its first score by the new model. One job serves all turns; the first turn of each kind warms
it up and does not count.
"""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pyarrow as pa

from benchmarks.bench import ROOT, bench_history, bench_model, bench_settings, console
from benchmarks.live import live_latency
from benchmarks.report import Report, Section
from fraudstream.control.control_topic import publish_deployment
from fraudstream.control.model_events import read_model_events
from fraudstream.control.submit import submit
from fraudstream.devstack.stack import Services, embedded
from fraudstream.readers.latency import Latency
from models.scoring.artifact import load_artifact
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.deployment import Deployment, Served

WORLD = SimulationConfig(seed=2, customers=10_000, days=60)
RATE, TURN_S, WARM_UP_S = 5_000, 30, 5
TURNS = 3
"""Turns of each kind."""
SWAP_S = 2.0
"""Seconds between two swaps."""


def run(brief: bool = False) -> Report:
    """Go live in turn, with and without swaps."""
    settings, folders = bench_settings(bench_model()), [ROOT / "model", _other_model()]
    turns, turn_s = (2, WARM_UP_S + 5) if brief else (TURNS, TURN_S)
    table, rows = simulate(WORLD), RATE * turn_s
    found: dict[str, list[Latency]] = {"usual": [], "swapping": []}
    with embedded(settings) as services:
        submit(services)
        for turn in range(2 * turns):
            name = ("usual", "swapping")[turn % 2]
            with swapping(services, folders) if turn % 2 else nullcontext(), console.status(name):
                found[name].append(_live(services, table.slice(turn * rows, rows)))
        took_ms = [event.took_ms for event in read_model_events(services.broker) if event.took_ms]
    figures = {
        f"{name}_{quantile}_ms": round(statistics.median(getattr(turn, f"{quantile}_ms") for turn in runs[1:]), 1)
        for name, runs in found.items()
        for quantile in ("p50", "p99")
    }
    figures |= {"swaps": len(took_ms), "took_ms": statistics.median(took_ms), "most": max(took_ms)}
    return replace(Report.of_figures("hot-swap", __doc__, figures), sections=[_turns(found)])


@contextmanager
def swapping(services: Services, folders: Sequence[Path]) -> Iterator[None]:
    """Deploy one model after the other, every SWAP_S, until the block ends."""
    done = Event()

    def swap() -> None:
        for folder in cycle(folders):
            if done.wait(SWAP_S):
                return
            publish_deployment(services.broker, _deployment(folder))

    thread = Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _live(services: Services, table: pa.Table) -> Latency:
    return live_latency(services, table, rate=RATE, warm_up_s=WARM_UP_S)


def _other_model() -> Path:
    folder = ROOT / "other"
    with console.status("training the other model"):
        train(bench_history(), folder, TrainingSettings(seed=2))
    return folder


def _deployment(folder: Path) -> Deployment:
    manifest = load_artifact(folder).manifest
    champion = Served(
        model_id=manifest.model_id, location=str(folder.absolute()), sha256=manifest.onnx_sha256
    )  # fmt: skip
    return Deployment(
        deployment_id=str(uuid4()),
        changed_at=datetime.now(UTC),
        changed_by="benchmark",
        reason="a swap",
        champion=champion,
    )


def _turns(found: dict[str, list[Latency]]) -> Section:
    def cells(runs: list[Latency]) -> list[str]:
        quantiles = zip(*((turn.p50_ms, turn.p99_ms, turn.max_ms) for turn in runs), strict=True)
        return [", ".join(f"{value:.0f}" for value in values) for values in quantiles]

    rows = [(name, *cells(runs)) for name, runs in found.items()]
    return Section(title="Publish to alert, ms, by turn", columns=("load", "p50", "p99", "longest"), rows=rows)

"""What swaps cost those who wait for alerts: the same live load with models that change and without, in turn.

`python -m benchmarks.hot_swap` prints one JSON object as last line: for both, p50 and p99 of the time from publishing
to the alert over all turns, in milliseconds, and how long a shard took from the order to its first score by the new
model. One job serves all turns; the first of each kind warms it up and does not count.
"""

import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pyarrow as pa
from rich.table import Table

from benchmarks.bench import ROOT, bench_history, bench_model, bench_settings, console
from benchmarks.live import live_latency
from fraudstream.control.control_topic import Deployment, Served, publish_deployment
from fraudstream.control.model_events import read_model_events
from fraudstream.control.submit import submit
from fraudstream.devstack.stack import Services, embedded
from fraudstream.readers.latency import Latency
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import RuntimeFailure
from models.scoring.artifact import load_artifact
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

WORLD = SimulationConfig(seed=2, customers=10_000, days=60)
RATE, TURN_S, WARM_UP_S = 5_000, 30, 5
TURNS = 3
"""Of each kind."""
SWAP_S = 2.0
"""From one swap to the next."""


def main() -> None:
    """Measure in turn and print."""
    ROOT.mkdir(parents=True, exist_ok=True)
    settings, folders = bench_settings(bench_model()), [ROOT / "model", _other_model()]
    table, rows = simulate(WORLD), RATE * TURN_S
    found: dict[str, list[Latency]] = {"usual": [], "swapping": []}
    with embedded(settings) as services:
        submit(settings, services)
        for turn in range(2 * TURNS):
            name = ("usual", "swapping")[turn % 2]
            with swapping(settings, services, folders) if turn % 2 else nullcontext(), console.status(name):
                found[name].append(_live(settings, services, table.slice(turn * rows, rows)))
        took_ms = [event.took_ms for event in read_model_events(services.broker(settings)) if event.took_ms]
    _show(found)
    figures = {
        f"{name}_{quantile}_ms": round(statistics.median(getattr(run, f"{quantile}_ms") for run in runs[1:]), 1)
        for name, runs in found.items()
        for quantile in ("p50", "p99")
    }
    print(json.dumps({**figures, "swaps": len(took_ms), "took_ms": statistics.median(took_ms), "most": max(took_ms)}))


@contextmanager
def swapping(settings: Settings, services: Services, folders: Sequence[Path]) -> Iterator[None]:
    """Order one model after the other, each SWAP_S, until the block ends."""
    done = Event()

    def swap() -> None:
        for folder in cycle(folders):
            if done.wait(SWAP_S):
                return
            publish_deployment(settings, services, _deployment(folder))

    thread = Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _live(settings: Settings, services: Services, table: pa.Table) -> Latency:
    return live_latency(settings, services, table, rate=RATE, warm_up_s=WARM_UP_S)


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


def _show(found: dict[str, list[Latency]]) -> None:
    shown = Table(box=None)
    for column in ("turn by turn, ms", "p50", "p99", "longest"):
        shown.add_column(column)
    for name, runs in found.items():
        quantiles = zip(*((run.p50_ms, run.p99_ms, run.max_ms) for run in runs), strict=True)
        shown.add_row(name, *(", ".join(f"{value:.0f}" for value in values) for values in quantiles))
    console.print(shown)


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

"""The drift scorecard: `python -m benchmarks.drift` prints tables, writes a report, and ends with one JSON object."""

import argparse
import json
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.__main__ import RESULTS
from benchmarks.drift.calibration import CONFIGURATIONS, false_alarms
from benchmarks.drift.judges import JUDGES
from benchmarks.drift.results import Figures, report
from benchmarks.drift.scenarios import DRIFTS, SEASONAL, STATIONARY, drifted, world
from benchmarks.drift.scorecard import Card, judge_drift, judge_quiet
from benchmarks.drift.streams import Signals, observed
from models.scoring.artifact import Artifact, load_artifact
from models.training.train import train
from producers.simulation_config import SimulationConfig, epoch_ms
from schemas.errors import UserError

WORLDS, CUSTOMERS, DAYS, DRIFT_DAY = 5, 4_000, 42, 28
BRIEF_CUSTOMERS, BRIEF_DAYS, BRIEF_DRIFT_DAY = 1_500, 21, 14
CALIBRATION_STREAMS = 50

console = Console(stderr=True, highlight=False)


def trained(seed: int, customers: int) -> Artifact:
    """Train on a world with the same patterns as the streams', of another seed."""
    with tempfile.TemporaryDirectory() as folder:
        history, model = Path(folder) / "history.parquet", Path(folder) / "model"
        pq.write_table(world(SimulationConfig(seed=1_000 + seed, customers=customers)), history)
        train(history, model)
        return load_artifact(model)


def judge(seed: int, *, brief: bool) -> Figures:
    """Judge all detectors on all scenarios, the same for the same seed."""
    customers, days, drift_day = (
        (BRIEF_CUSTOMERS, BRIEF_DAYS, BRIEF_DRIFT_DAY) if brief else (CUSTOMERS, DAYS, DRIFT_DAY)
    )
    with console.status("training") as status:
        artifact = trained(seed, customers)
        manifest = artifact.manifest
        cards = {name: Card() for name in JUDGES}
        shown = None
        for number in range(1 if brief else WORLDS):
            settings = {"seed": 100 * seed + number, "customers": customers, "days": days}
            config = SimulationConfig(**settings)
            drift_ms = epoch_ms(config.start + timedelta(days=drift_day))
            status.update(f"world {number + 1}: without drift")
            usual = Signals.of(world(config), artifact)
            for name, signals in ((STATIONARY, usual.shuffled(seed)), (SEASONAL, usual)):
                streams = observed(signals, manifest), observed(signals, manifest, by_week=False)
                judge_quiet(cards, name, *streams)
            shown = shown or streams
            for name in DRIFTS:
                status.update(f"world {number + 1}: {name}")
                signals = Signals.of(drifted(name, settings, drift_day), artifact)
                judge_drift(
                    cards, name, observed(signals, manifest), observed(signals, manifest, by_week=False), drift_ms
                )
        status.update("calibrating")
        rates = {
            name: false_alarms(item, streams=2 if brief else CALIBRATION_STREAMS, seed=seed)
            for name, item in CONFIGURATIONS.items()
        }
    return Figures(seed=seed, worlds=1 if brief else WORLDS, cards=cards, calibration=rates, shown=shown)


def main() -> None:
    """Judge, show and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the worlds")
    parser.add_argument("--brief", action="store_true", help="one small world: to see that it works")
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    arguments = parser.parse_args()
    found = report(judge(arguments.seed, brief=arguments.brief))
    files = found.write(arguments.results)
    if not arguments.json:
        found.show(Console(highlight=False, soft_wrap=True))
        for file in files:
            console.print(f"Written: {file}", soft_wrap=True)
    print(json.dumps(found.figures))


if __name__ == "__main__":
    try:
        main()
    except UserError as failure:
        sys.exit(str(failure))

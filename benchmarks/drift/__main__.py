"""The drift scorecard: `python -m benchmarks.drift` prints tables, writes a report, and ends with one JSON object."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.__main__ import RESULTS
from benchmarks.drift.results import report
from benchmarks.drift.scenarios import without_places, world
from benchmarks.drift.trial import BRIEF, FULL, run
from models.scoring.artifact import Artifact, load_artifact
from models.training.train import train
from producers.simulation_config import SimulationConfig
from schemas.errors import UserError

console = Console(stderr=True, highlight=False)


def trained(table: pa.Table) -> Artifact:
    """Train on a history."""
    with tempfile.TemporaryDirectory() as folder:
        history, model = Path(folder) / "history.parquet", Path(folder) / "model"
        pq.write_table(table, history)
        train(history, model)
        return load_artifact(model)


def main() -> None:
    """Judge, show and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the worlds")
    parser.add_argument("--brief", action="store_true", help="one small world: to see that it works")
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    arguments = parser.parse_args()
    sizes = BRIEF if arguments.brief else FULL
    with console.status("training") as status:
        # The same patterns as the streams', of another seed.
        past = world(SimulationConfig(seed=1_000 + arguments.seed, customers=sizes.customers))
        models = trained(past), trained(without_places(past))
        found = report(run(*models, sizes, seed=arguments.seed, tell=status.update))
    files = found.write(arguments.results)
    if not arguments.json:
        found.show(Console(highlight=False, width=None if sys.stdout.isatty() else 200))
        for file in files:
            console.print(f"Written: {file}", soft_wrap=True)
    print(json.dumps(found.figures))


if __name__ == "__main__":
    try:
        main()
    except UserError as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)

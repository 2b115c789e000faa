"""Commands `drift ...`."""

from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.bench import run_measurement
from fraudstream.cli.path_parameter import METAVAR, local_path
from fraudstream.terminal import AsJson, err, show

app = typer.Typer(help="Evaluate drift detectors, and compare samples.", no_args_is_help=True)


@app.command()
def scorecard(
    *,
    brief: Annotated[bool, typer.Option("--brief", help="Run one small scenario, as a smoke test.")] = False,
    seed: Annotated[int, typer.Option(min=1, help="Seed of the scenarios.")] = 1,
    results: Annotated[Path | None, typer.Option(help="Output folder; benchmarks/results by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate each detector on seeded scenarios, against one that always fires and one that never does.

    Writes false alarms, delays and misses as a table, JSON, Markdown and a chart. The last line is a JSON object; with
    --json it is the only one. Needs a clone of the repository, but no broker and no cluster.

    [bold]Examples[/]

      fraudstream drift scorecard
      fraudstream drift scorecard --seed 7 --json
    """
    line = ["drift", "--seed", str(seed)]
    line += ["--brief"] if brief else []
    line += ["--json"] if as_json else []
    line += ["--results", str(results.absolute())] if results else []
    raise typer.Exit(run_measurement(line))


@app.command()
def report(
    reference: Annotated[Path, typer.Argument(parser=local_path, help="Reference sample: Parquet from `archive`.")],
    current: Annotated[Path, typer.Argument(parser=local_path, help="Current sample: Parquet from `archive`.")],
    *,
    target: Annotated[Path, typer.Option("--out", parser=local_path, metavar=METAVAR, help="HTML file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write an Evidently report that compares two archived inference samples column by column.

    The first run installs Evidently into an isolated environment in the cache folder.

    [bold]Examples[/]

      fraudstream drift report june.parquet july.parquet --out drift.html
    """
    from fraudstream.lifecycle.drift_report import write_drift_report

    with err.status("comparing"):
        columns = write_drift_report(reference, current, target)
    show({"page": str(target), "columns": columns}, f"{target}: {columns} columns compared", as_json=as_json)

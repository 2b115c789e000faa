from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.bench import run_measurement
from fraudstream.terminal import AsJson, err, out, write_json

app = typer.Typer(help="Judge the drift detectors, and compare samples.", no_args_is_help=True)


@app.command()
def scorecard(
    *,
    brief: Annotated[bool, typer.Option("--brief", help="One small world: to see that it works.")] = False,
    seed: Annotated[int, typer.Option(min=1, help="Of the worlds.")] = 1,
    results: Annotated[Path | None, typer.Option(help="Folder to write to; benchmarks/results if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge each detector on seeded scenarios, beside one that always fires and one that never does.

    False alarms, delays and misses as a table, JSON, Markdown and a picture; the last line is a JSON object, and with
    --json it is the only one. Needs the whole repository, no broker and no cluster.

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
    reference: Annotated[Path, typer.Argument(help="A Parquet file of `archive`, of a time when all was well.")],
    current: Annotated[Path, typer.Argument(help="One to compare with it.")],
    *,
    target: Annotated[Path, typer.Option("--out", help="The HTML page to write.")],
    as_json: AsJson = False,
) -> None:
    """Write Evidently's report on two archived inference samples: score and features, column by column.

    The first run installs Evidently, into an environment of its own in the cache folder.

    [bold]Examples[/]

      fraudstream drift report june.parquet july.parquet --out drift.html
    """
    from fraudstream.lifecycle.drift_report import write_drift_report

    with err.status("comparing"):
        columns = write_drift_report(reference, current, target)
    if as_json:
        write_json({"page": str(target), "columns": columns})
    else:
        out.print(f"{target}: {columns} columns compared", soft_wrap=True)

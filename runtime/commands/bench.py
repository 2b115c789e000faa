from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from runtime.folders import PROJECT_ROOT
from schemas.errors import UserError

Suite = Literal["overview", "throughput", "latency", "stages", "scale"]


def bench(
    suite: Annotated[Suite, typer.Argument(help="What to measure.")] = "overview",
    *,
    brief: Annotated[bool, typer.Option(help="Everything once and small: to see that it works.")] = False,
    results: Annotated[Path | None, typer.Option(help="Folder to write to; benchmarks/results if left out.")] = None,
) -> None:
    """Measure the job on a stack of its own (needs the whole repository).

    [bold]overview[/] takes the two figures of `make bench`: the rate beside a plain loop's, and the time to an alert.
    [bold]throughput[/] drains a filled topic several times. [bold]latency[/] finds the rate that can be sustained, and
    measures publish to alert at 5,000 a second and at half of that rate. [bold]stages[/] says where the time of an
    event goes, with a flame graph. [bold]scale[/] shows what grows with customers and with the batch time.

    Each writes JSON, Markdown and a picture, and prints one JSON object as last line.

    [bold]Examples[/]

      fraudstream bench
      fraudstream bench latency
      fraudstream bench throughput --results benchmarks/results/0.1.0
    """
    if not (PROJECT_ROOT / "benchmarks" / "__main__.py").is_file():
        raise UserError("expected the folder benchmarks/ beside the packages: run this in a clone of the repository")
    line = [sys.executable, "-m", "benchmarks", suite]
    line += ["--brief"] if brief else []
    line += ["--results", str(results.absolute())] if results else []
    done = subprocess.run(line, cwd=PROJECT_ROOT, check=False)  # noqa: S603
    raise typer.Exit(done.returncode)

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from fraudstream.system.child_command import run_child
from fraudstream.system.folders import PROJECT_ROOT
from schemas.errors import UserError

Suite = Literal["overview", "throughput", "latency", "baselines", "stages", "scale"]


def bench(
    suite: Annotated[Suite, typer.Argument(help="What to measure.")] = "overview",
    *,
    brief: Annotated[bool, typer.Option("--brief", help="Everything once and small: to see that it works.")] = False,
    results: Annotated[Path | None, typer.Option(help="Folder to write to; benchmarks/results if left out.")] = None,
) -> None:
    """Measure the job on a stack of its own (needs the whole repository).

    [bold]Suites[/]

      [bold]overview[/]    the rate beside a plain loop's, the time to an alert
      [bold]throughput[/]  draining a filled topic, beside the loop, in turns
      [bold]latency[/]     publish to alert at 5,000/s and at half of what lasts
      [bold]baselines[/]   draining a topic, beside all that one would write instead
      [bold]stages[/]      where the time of an event goes, with a flame graph
      [bold]scale[/]       what customers, batch time, slots and trees change

    Each writes JSON, Markdown and a picture; its last line is a JSON object.

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
    raise typer.Exit(run_child(line, cwd=PROJECT_ROOT))

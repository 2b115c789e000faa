"""Command `bench`."""

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
    suite: Annotated[Suite, typer.Argument(help="Suite of measurements.")] = "overview",
    *,
    brief: Annotated[bool, typer.Option("--brief", help="Run everything once on small data, as a smoke test.")] = False,
    results: Annotated[Path | None, typer.Option(help="Output folder; benchmarks/results by default.")] = None,
) -> None:
    """Measure the job on a stack of its own (needs a clone of the repository).

    [bold]Suites[/]

      [bold]overview[/]    throughput against a consumer loop, and alert latency
      [bold]throughput[/]  draining a filled topic, in turns with a consumer loop
      [bold]latency[/]     publish to alert at 5,000/s and at half the sustained rate
      [bold]baselines[/]   draining a topic, against other frameworks
      [bold]stages[/]      time per stage, with a flame graph
      [bold]scale[/]       effect of customers, batch time, slots and trees

    Each writes JSON, Markdown and a chart; its last line is a JSON object.

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

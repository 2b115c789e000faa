"""Command `bench`: measurements of the job on a stack of its own."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from fraudstream.system.child_command import run_child
from fraudstream.system.folders import PROJECT_ROOT
from schemas.errors import UserError

OPTIONS_OF_MEASUREMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Typer's context settings: options of a measurement pass through to it."""


def bench(
    context: typer.Context,
    measurement: Annotated[str, typer.Argument(help="Measurement to run, or `ls` to list all.")] = "overview",
    *,
    brief: Annotated[bool, typer.Option("--brief", help="Run once with small sizes, as a smoke test.")] = False,
    results: Annotated[Path | None, typer.Option(help="Results folder; default: benchmarks/results.")] = None,
) -> None:
    """Run a measurement on a stack of its own. Needs a clone of the repository.

    Writes JSON, Markdown and charts; the last line is a JSON object. Measurements may have further options:
    `python -m benchmarks poison --help`.

    [bold]Examples[/]

      fraudstream bench ls
      fraudstream bench
      fraudstream bench baselines
      fraudstream bench throughput --results benchmarks/results/0.1.0
      fraudstream bench poison --events 100000
    """
    line = [measurement, *context.args]
    line += ["--brief"] if brief else []
    line += ["--results", str(results.absolute())] if results else []
    raise typer.Exit(run_measurement(line))


def run_measurement(line: list[str]) -> int:
    """Run `python -m benchmarks` with these arguments and return its exit code.

    Raises
    ------
    UserError
        The benchmarks are not installed.
    """
    import_benchmarks()
    return run_child([sys.executable, "-m", "benchmarks", *line], cwd=PROJECT_ROOT)


def import_benchmarks() -> None:
    """Make the package `benchmarks`, which no wheel has, importable.

    Raises
    ------
    UserError
        This is no clone of the repository.
    """
    if not (PROJECT_ROOT / "benchmarks" / "__main__.py").is_file():
        raise UserError("expected the benchmarks/ folder, found none: it is not in the wheel. Run this in a clone.")
    if str(PROJECT_ROOT) not in sys.path:
        sys.path.append(str(PROJECT_ROOT))

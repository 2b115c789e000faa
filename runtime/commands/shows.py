from __future__ import annotations

import subprocess
import sys

import typer

from runtime.commands.screen import settings_of
from runtime.folders import PROJECT_ROOT
from schemas.errors import UserError


def demo(context: typer.Context) -> None:
    """Run the whole path once: train, start everything, send transactions, show alerts, stop everything.

    [bold]Examples[/]

      fraudstream demo
    """
    from runtime.demo import run_demo

    run_demo(settings_of(context))


def bench() -> None:
    """Measure the job against a plain loop (the same as `make bench`; needs the whole repository).

    [bold]Examples[/]

      fraudstream bench
    """
    if not (PROJECT_ROOT / "benchmarks" / "bench.py").is_file():
        raise UserError("expected the folder benchmarks/ beside the packages: run this in a clone of the repository")
    done = subprocess.run([sys.executable, "-m", "benchmarks.bench"], cwd=PROJECT_ROOT, check=False)
    raise typer.Exit(done.returncode)

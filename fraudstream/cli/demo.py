"""Command `demo`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fraudstream.terminal import settings_of


class Demo(StrEnum):
    """Demos that can be run."""

    PATH = "path"
    LIFECYCLE = "lifecycle"


def demo(
    context: typer.Context,
    name: Annotated[
        Demo,
        typer.Argument(help="Demo to run: path (transactions to alerts) or lifecycle (drift to promotion)."),
    ] = Demo.PATH,
) -> None:
    """Run a demo: train, start all services, send transactions, show alerts, stop all services.

    [bold]Examples[/]

      fraudstream demo
      fraudstream demo lifecycle
    """
    from fraudstream.demos.demo import run_demo
    from fraudstream.demos.lifecycle_demo import run_lifecycle_demo

    if name is Demo.LIFECYCLE:
        run_lifecycle_demo(settings_of(context))
    else:
        run_demo(settings_of(context))

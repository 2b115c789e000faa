"""Command `demo`."""

from typing import Annotated, Literal

import typer

from fraudstream.terminal import settings_of


def demo(
    context: typer.Context,
    name: Annotated[
        Literal["path", "lifecycle"],
        typer.Argument(help="Demo to run: path (transactions to alerts) or lifecycle (drift to promotion)."),
    ] = "path",
) -> None:
    """Run a demo: train, start all services, send transactions, show alerts, stop all services.

    [bold]Examples[/]

      fraudstream demo
      fraudstream demo lifecycle
    """
    from fraudstream.demos.demo import run_demo
    from fraudstream.demos.lifecycle_demo import run_lifecycle_demo

    if name == "lifecycle":
        run_lifecycle_demo(settings_of(context))
    else:
        run_demo(settings_of(context))

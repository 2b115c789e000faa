from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fraudstream.terminal import settings_of


class Show(StrEnum):
    """What the demo shows."""

    PATH = "path"
    LIFECYCLE = "lifecycle"


def demo(
    context: typer.Context,
    show: Annotated[
        Show,
        typer.Argument(help="From transactions to alerts; or a drift, seen, learned and promoted while the job runs."),
    ] = Show.PATH,
) -> None:
    """Run the whole path once: train, start everything, send transactions, show alerts, stop everything.

    [bold]Examples[/]

      fraudstream demo
      fraudstream demo lifecycle
    """
    from fraudstream.demos.demo import run_demo
    from fraudstream.demos.lifecycle_demo import run_lifecycle_demo

    if show is Show.LIFECYCLE:
        run_lifecycle_demo(settings_of(context))
    else:
        run_demo(settings_of(context))

from __future__ import annotations

import typer

from runtime.commands.screen import settings_of


def demo(context: typer.Context) -> None:
    """Run the whole path once: train, start everything, send transactions, show alerts, stop everything.

    [bold]Examples[/]

      fraudstream demo
    """
    from runtime.demo import run_demo

    run_demo(settings_of(context))

"""Entry point of the command line."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from confluent_kafka import KafkaException

from fraudstream.cli import (
    alerts,
    api,
    archive,
    backfill,
    bench,
    bluegreen,
    chaos,
    console,
    data,
    demo,
    dlq,
    doctor,
    drift,
    evaluate,
    explain,
    explore,
    features,
    import_file,
    ingest,
    jobs,
    metrics,
    model,
    monitor,
    notify,
    retrain,
    rule_lists,
    rules,
    sagemaker,
    schemas,
    services,
    state,
    topics,
    train,
    verify,
)
from fraudstream.cli.command_line import CommandGroup, CommandLine
from fraudstream.system.environment import QUIET
from fraudstream.system.extras import extra_of
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.folders import cache_folder
from fraudstream.system.interrupts import INTERRUPTED, terminate_as_interrupt
from fraudstream.terminal import err
from schemas.errors import UserError

EXIT_CODES = """
[bold]Exit codes[/]: 0 success, 1 failure, 2 mistake in the command or the settings,
3 not ready (a required service or file is missing), 130 stopped by Ctrl-C, 141 output pipe closed.
"""

app = typer.Typer(
    name="fraudstream",
    cls=CommandLine,
    help="Score streams of card transactions for fraud: Kafka to Flink to Kafka.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="Settings file; fraudstream.toml in the working folder by default.")
    ] = None,
) -> None:
    """Score streams of card transactions for fraud: Kafka to Flink to Kafka."""
    context.obj = config


PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Services": (services.up, services.down, services.status, doctor.doctor, api.api, console.console, metrics.metrics),
    "Data": (data.simulate, data.produce, data.replay, ingest.ingest, archive.archive, explore.explore),
    "Model and job": (
        train.train,
        retrain.retrain,
        evaluate.evaluate,
        backfill.backfill,
        jobs.submit,
        jobs.stop,
        jobs.jobs,
        verify.verify,
        explain.explain,
        notify.notify,
        monitor.monitor,
    ),
    "Demos and benchmarks": (demo.demo, chaos.chaos),
}
GROUPS = {
    "Data": {"topics": topics.app, "schemas": schemas.app, "dlq": dlq.app},
    "Model and job": {
        "alerts": alerts.app,
        "model": model.app,
        "rules": rules.app,
        "bluegreen": bluegreen.app,
        "features": features.app,
        "drift": drift.app,
        "state": state.app,
        "sagemaker": sagemaker.app,
    },
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.command(rich_help_panel="Demos and benchmarks", context_settings=bench.OPTIONS_OF_MEASUREMENTS)(bench.bench)
app.command("import", rich_help_panel="Data")(import_file.import_file)
rules.app.add_typer(rule_lists.app, name="lists", cls=CommandGroup)
for panel, groups in GROUPS.items():
    for name, group in groups.items():
        app.add_typer(group, name=name, cls=CommandGroup, rich_help_panel=panel)


def main() -> None:
    """Run the command line; mistakes and failures are messages with an exit code, without a stack trace."""
    os.environ.update(QUIET)
    # Keeps matplotlib's font cache out of the home folder.
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Characters that the terminal can't encode are escaped, not an error.
            stream.reconfigure(errors="backslashreplace")
    try:
        terminate_as_interrupt()
        app()
    except (UserError, RuntimeFailure) as error:
        err.print(f"[red]Error:[/] {_plain(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        extra = extra_of(error.name or "")
        if extra is None:
            raise
        needs = f"`{_command()}` needs fraudstream[{extra}], found no module {error.name}."
        err.print(_plain(f"Error: {needs} Install it: pip install 'fraudstream[{extra}]'"), soft_wrap=True)
        sys.exit(NotReady.exit_code)
    except KafkaException as error:
        err.print(f"[red]Error:[/] request to the broker failed: {_plain(error.args[0].str())}")
        sys.exit(RuntimeFailure.exit_code)
    except KeyboardInterrupt:  # outside of the command
        sys.exit(INTERRUPTED)


def _command() -> str:
    known = typer.main.get_group(app).commands
    return next((word for word in sys.argv[1:] if word in known), "fraudstream")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")

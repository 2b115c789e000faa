from __future__ import annotations

import typer

from fraudstream.cli.model_certify import certify
from fraudstream.cli.model_decisions import promote, publish, rollback, shadow, trial
from fraudstream.cli.model_prune import prune
from fraudstream.cli.model_serving import compare, serve, serving
from fraudstream.cli.model_versions import diff, log, ls, push, show

app = typer.Typer(help="Register models, and decide which of them score.", no_args_is_help=True)
for command in (
    ls, push, show, diff, certify, trial, promote, shadow, rollback, publish, log, serve, serving, compare, prune,
):  # fmt: skip
    app.command()(command)

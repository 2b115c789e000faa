from __future__ import annotations

import typer

from runtime.commands.model_certify import certify
from runtime.commands.model_decisions import promote, publish, rollback, shadow, trial
from runtime.commands.model_prune import prune
from runtime.commands.model_serving import compare, serve, serving
from runtime.commands.model_versions import diff, log, ls, push, show

app = typer.Typer(help="Register models, and decide which of them score.", no_args_is_help=True)
for command in (
    ls, push, show, diff, certify, trial, promote, shadow, rollback, publish, log, serve, serving, compare, prune,
):  # fmt: skip
    app.command()(command)

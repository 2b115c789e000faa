"""Commands `model ...`."""

import typer

from fraudstream.cli.model_decisions import check, promote, redeploy, rollback, shadow
from fraudstream.cli.model_deployments import compare, deploy, status
from fraudstream.cli.model_prune import prune
from fraudstream.cli.model_verify import verify
from fraudstream.cli.model_versions import diff, log, ls, push, show_model

app = typer.Typer(help="Register, compare, promote and deploy models.", no_args_is_help=True)
for command in (
    ls, push, show_model, diff, verify, check, promote, shadow, rollback, redeploy, log, deploy, status, compare, prune,
):  # fmt: skip
    app.command(command.__name__.removesuffix("_model"))(command)

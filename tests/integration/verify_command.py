"""`fraudstream verify` on the topics that the settings of the environment name."""

import json
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from tests.unit.training.histories import customer_folder


def command(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def consistency(*arguments: str, model: Path | None = None) -> tuple[int, dict]:
    done = command("verify", "--model", str(model or customer_folder()), *arguments)
    assert done.output, done.exception
    return done.exit_code, json.loads(done.output.splitlines()[-1])

"""The parts of the Lambda function's image, as far as they can be checked without a Docker engine."""

import fnmatch
from importlib import import_module

from fraudstream.serving import lambda_handler
from fraudstream.system.folders import PROJECT_ROOT
from tests.unit.docker.conftest import instructions

IMAGE = instructions(PROJECT_ROOT / "docker" / "lambda.Dockerfile")
MODEL = "artifacts/model"
"""Made by `train`, not part of the project."""


def test_copied_paths_exist_and_are_not_ignored():
    lines = (PROJECT_ROOT / "docker" / "lambda.Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in lines
    allowed = [line[1:] for line in lines if line.startswith("!")]
    copies = [words[1:-1] for words in IMAGE if words[0] == "COPY" and not words[1].startswith("--from")]
    for source in (source for sources in copies for source in sources):
        assert source == MODEL or (PROJECT_ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source


def test_command_names_the_handler():
    (command,) = ["".join(words[1:]) for words in IMAGE if words[0] == "CMD"]
    module, _, name = command.strip('[]"').rpartition(".")
    assert getattr(import_module(module), name) is lambda_handler.handler


def test_runtime_client_is_locked():
    lock = (PROJECT_ROOT / "requirements" / "lambda.lock").read_text()
    assert "\nawslambdaric==" in lock
    assert "\nboto3==" in lock

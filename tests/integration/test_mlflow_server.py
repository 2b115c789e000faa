"""The model commands with a real MLflow server, started as in docker/compose.yaml."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import yaml
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.isolated_venv import isolated_venv
from fraudstream.system.ports import LOOPBACK, free_port
from models.scoring.artifact import load_artifact
from tests.patience import PATIENCE_S
from tests.unit.training.histories import customer_folder, history_file
from tests.unit.training.other_models import better_folder

pytestmark = [pytest.mark.integration, pytest.mark.long]

LOCK = PROJECT_ROOT / "requirements" / "mlflow.lock"


@contextmanager
def mlflow_server(volume: Path) -> Iterator[str]:
    """Run the server of the compose file with a folder as its volume; yields its address on loopback."""
    service = yaml.safe_load((PROJECT_ROOT / "docker" / "compose.yaml").read_text())["services"]["mlflow"]
    mounted, port = service["volumes"][0].partition(":")[2], free_port()
    (program, *options), variables = service["command"], service["environment"]
    replaced = {"0.0.0.0": LOOPBACK, f"{mounted}/": f"{volume}/", ":5000": f":{port}", "--port=5000": f"--port={port}"}  # noqa: S104
    for was, now in replaced.items():
        options = [option.replace(was, now) for option in options]
    python = isolated_venv(LOCK, "tools")
    line = [python, "-m", program, *options]
    environment = (
        os.environ | variables | {"HOME": str(volume), "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    )
    log = volume / "server.log"
    with log.open("ab") as file:
        process = subprocess.Popen(line, env=environment, cwd=volume, stdout=file, stderr=file)  # noqa: S603
    url = f"http://{LOOPBACK}:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx2.get(f"{url}/health").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        assert wait_until(answers, seconds=120), log.read_text()
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def run(*arguments: object) -> object:
    done = CliRunner().invoke(cli.app, ["model", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.exception or done.stdout
    return json.loads(done.stdout)


def test_models_are_pushed_promoted_and_kept_over_a_restart_of_the_server(tmp_path, monkeypatch):
    volume = tmp_path / "volume"
    volume.mkdir()
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(tmp_path / "state"))
    with mlflow_server(volume) as url:
        monkeypatch.setenv("FRAUDSTREAM_MODELS__TRACKING_URI", url)
        run("push", customer_folder())
        run("push", better_folder())
        run("promote", 1, "--no-publish", "--reason", "the first")
        run("promote", 2, "--no-publish", "--on", history_file(), "--reason", "finds more")
    with mlflow_server(volume) as url:
        monkeypatch.setenv("FRAUDSTREAM_MODELS__TRACKING_URI", url)
        registry = ModelRegistry(load_settings())
        champion = registry.find("champion")
        assert [version.version for version in registry.versions()] == [2, 1]
        assert champion.version == 2
        assert registry.load(champion) == load_artifact(better_folder())
        assert len(run("log")) == 2


def test_server_answers_only_to_its_service_name(tmp_path):
    with mlflow_server(tmp_path) as url:
        question, port = f"{url}/api/2.0/mlflow/registered-models/search", url.rpartition(":")[2]
        for name, status in (("mlflow", 200), ("elsewhere", 403)):
            assert httpx2.get(question, headers={"Host": f"{name}:{port}"}).status_code == status

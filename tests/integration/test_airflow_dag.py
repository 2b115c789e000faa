"""The DAG, run by Airflow in a separate environment: it trains a real model from a file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.model_version import CHAMPION
from fraudstream.settings.settings import load_settings
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.isolated_venv import isolated_venv
from tests.unit.training.histories import history_file

pytestmark = [pytest.mark.integration, pytest.mark.long]

LOCK = PROJECT_ROOT / "requirements" / "airflow.lock"
SETTINGS = """
[paths]
state = "state"
[gates]
min_parity_rows = {min_parity_rows}
[retrain]
history = "{history}"
window_days = 20
horizon_days = 4
collect_days = 8
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    """Return a function that runs a command of Airflow on a separate database."""
    python, home = isolated_venv(LOCK, "tools"), tmp_path_factory.mktemp("airflow")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FRAUDSTREAM_", "AIRFLOW_"))}
    cache = {name: value for name, value in os.environ.items() if name == "FRAUDSTREAM_CACHE"}
    variables = {
        **inherited,
        **cache,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [str(python), "-m", "airflow", *arguments]
        return subprocess.run(line, env=variables, capture_output=True, text=True, timeout=400, check=False)  # noqa: S603

    done = run("db", "migrate")
    assert done.returncode == 0, done.stderr
    return run


@pytest.mark.parametrize(("min_parity_rows", "state"), [(5_000, "success"), (10**9, "failed")])
def test_run_promotes_a_model_and_fails_if_a_gate_fails(airflow, tmp_path, monkeypatch, min_parity_rows, state):
    text = SETTINGS.format(min_parity_rows=min_parity_rows, history=history_file())
    (tmp_path / "fraudstream.toml").write_text(text)
    conf = json.dumps({"folder": str(tmp_path), "options": "--no-publish"})
    done = airflow("dags", "test", "fraudstream_retrain", "--conf", conf)
    assert f"state={state}" in done.stdout + done.stderr, done.stdout + done.stderr
    monkeypatch.chdir(tmp_path)
    registry = ModelRegistry(load_settings())
    assert len(registry.versions()) == 1
    assert (registry.alias(CHAMPION) is not None) == (state == "success")

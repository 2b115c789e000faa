"""Command line: help, exit codes, start-up."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from schemas.errors import UserError
from tests.patience import PATIENCE_S

SERVICES = ["up", "down", "status", "doctor", "topics"]
GROUPS = {"topics", "alerts", "dlq", "model", "drift", "rules"}
VERBS = [
    *SERVICES,
    "simulate",
    "produce",
    "replay",
    "import",
    "archive",
    "train",
    "retrain",
    "backfill",
    "verify",
    "explain",
    "notify",
    "model",
    "submit",
    "stop",
    "jobs",
    "alerts",
    "dlq",
    "drift",
    "monitor",
    "rules",
    "demo",
    "bench",
    "chaos",
]


pytestmark = pytest.mark.usefixtures("separate_state")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fraudstream", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # noqa: S603


def test_help_lists_every_verb_and_the_exit_codes():
    text = CliRunner().invoke(cli.app, ["--help"]).output
    assert all(verb in text for verb in VERBS)
    assert "3 not ready" in " ".join(text.split())


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if verb not in {"topics", "alerts", "dlq", "model", "drift", "rules"}]
)
def test_help_of_a_verb_has_examples(verb):
    assert f"fraudstream {verb}" in CliRunner().invoke(cli.app, [verb, "--help"]).output


def test_command_line_does_not_import_slow_modules():
    code = "import sys, fraudstream.cli.main; print({'mlflow', 'onnxruntime', 'lightgbm', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "set()\n"


def test_mistake_exits_2_without_a_stack_trace(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_JOB__MODE", "treat")
    done = run("status")
    assert done.returncode == 2
    assert "expected 'thread' or 'process'" in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_option_exits_2():
    assert run("up", "--taskmanager", "two").returncode == 2


@pytest.mark.parametrize(
    "command",
    [["jobs"], ["topics", "ls"], ["produce", "--seconds", "1"], ["alerts", "tail"], ["dlq", "ls"], ["monitor"]],
)
def test_command_without_a_running_stack_exits_3_and_says_how_to_start(command):
    done = run(*command)
    assert done.returncode == 3
    assert "fraudstream up" in done.stderr
    assert "Traceback" not in done.stderr


def test_broker_that_does_not_answer_exits_3(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9")
    monkeypatch.setattr("fraudstream.kafka.topics.TIMEOUT_S", 1.0)
    done = CliRunner().invoke(cli.app, ["topics", "ls"])
    assert type(done.exception).__name__ == "NotReady"


def test_status_json_is_one_object_and_exits_3_without_a_running_stack():
    done = run("status", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["ready"] is False


def test_doctor_json_has_a_fix_for_each_missing_prerequisite():
    done = run("doctor", "--json")
    findings = {row["name"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 3
    assert findings["java"]["ok"]
    assert not findings["broker"]["ok"]
    assert all(row["fix"] for row in findings.values() if not row["ok"])


def test_down_without_a_running_stack_is_no_failure():
    done = run("down", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"stopped": []})


def test_simulate_writes_a_file(tmp_path):
    target = tmp_path / "new" / "h.parquet"
    done = run("simulate", "--out", str(target), "--customers", "50", "--merchants", "100", "--days", "4", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["transactions"] > 0
    assert target.is_file()


def test_invalid_model_is_reported_before_submitting():
    done = run("submit")
    assert done.returncode == 2
    assert "manifest.json" in done.stderr


def test_topic_is_reset_only_with_a_state_to_continue_from():
    done = CliRunner().invoke(cli.app, ["submit", "--reset-topic", "labels"])
    assert isinstance(done.exception, UserError)
    assert "expected --from-savepoint with --reset-topic, got none" in str(done.exception)

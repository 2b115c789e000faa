"""JSON files of the commands that are damaged or from another program are reported in one line."""

import json
from pathlib import Path

import pytest

from fraudstream.archive.archive_folder import STATE_FILE, ArchiveFolder
from fraudstream.control.bluegreen import BlueGreen
from fraudstream.devstack.stack import Services
from fraudstream.kafka.broker import Broker
from fraudstream.lifecycle.audit_log import AuditLog
from fraudstream.lifecycle.retrain_schedule import RetrainSchedule, RetrainState
from fraudstream.rules.rule_log import RuleLog
from fraudstream.settings.settings import RetrainSettings, load_settings
from fraudstream.system.durable_lines import DurableLines
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.run_state import RunState
from jobs.job_config import JobConfig
from jobs.state_manifest import StateManifest
from models.scoring.artifact import load_artifact
from schemas.errors import UserError
from tests.hostile_json import HOSTILE_JSON


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def read_run_state(folder, content):
    settings = load_settings(paths={"state": folder})
    write(settings.state.run / "state.json", content)
    RunState.load(settings.state)


def read_switch_plan(folder, content):
    settings = load_settings(paths={"state": folder})
    write(folder / "bluegreen.json", content)
    BlueGreen(Services(broker=Broker(settings, "127.0.0.1:1"), rest_url="http://127.0.0.1:1")).plan()


def read_archive(folder, content):
    write(folder / STATE_FILE, content)
    with ArchiveFolder(folder, "t"):
        pass


def read_schedule(folder, content):
    RetrainSchedule(RetrainSettings(), write(folder / "schedule.json", content), 0.0)


def read_audit_log(folder, content):
    AuditLog(write(folder / "audit.jsonl", content + b"\n")).entries()


def read_rule_log(folder, content):
    settings = load_settings(paths={"state": folder})
    write(settings.state.rules / "log.jsonl", content + b"\n")
    RuleLog(settings).entries()


def read_job_config(folder, content):
    JobConfig.from_file(write(folder / "job.json", content))


def read_state_manifest(_folder, content):
    StateManifest.from_json(content)


def read_model(folder, content):
    write(folder / "model.onnx", b"")
    write(folder / "manifest.json", content)
    load_artifact(folder)


READERS = [
    read_run_state, read_switch_plan, read_archive, read_schedule, read_audit_log, read_rule_log, read_job_config,
    read_state_manifest, read_model,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_invalid_content_is_refused_in_one_line(tmp_path, read, kind):
    with pytest.raises((UserError, RuntimeFailure)) as refused:
        read(tmp_path, HOSTILE_JSON[kind])
    assert "expected" in str(refused.value)
    assert len(str(refused.value)) < 1_000
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "state",
    [{"drift_ms": "x"}, {"learned_until_ms": None}, {"begun_s": []}, {"retrained": {}}, {"drift": 3}],
)
def test_a_field_of_another_type_is_named(tmp_path, state):
    with pytest.raises(RuntimeFailure, match=f"{next(iter(state))}: .*Remove the file"):
        read_schedule(tmp_path, json.dumps(state).encode())


@pytest.mark.parametrize("change", [{"state_versions": [1]}, {"state_versions": {"a": "b"}}, {"operators": "abc"}])
def test_savepoint_manifest_with_other_types_is_refused(change):
    record = {
        "form": 1, "fraudstream": "0", "mode": "thread", "shards": 2, "transactions": "t", "labels": None,
        "operators": ["a"], "state_versions": {}, "model_id": "m", "feature_spec_hash": "h",
    }  # fmt: skip
    assert StateManifest.from_json(json.dumps(record)).shards == 2
    with pytest.raises(UserError, match="expected a manifest"):
        StateManifest.from_json(json.dumps(record | change))


def test_failed_append_on_a_full_disk_keeps_the_earlier_lines(tmp_path, monkeypatch):
    lines = DurableLines(tmp_path / "lines.jsonl", "a state", RetrainState)
    lines.add({"drift_ms": 1})

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(RuntimeFailure, match=r"No space.*took effect all the same"):
            lines.add({"drift_ms": 2})
    lines.add({"drift_ms": 3})
    assert [state.drift_ms for state in lines.entries()] == [1, 3]

"""Retraining from a labelled file into a separate registry: no broker, no job."""

import json
from datetime import UTC

import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.lifecycle.audit_log import AuditEntry
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.model_version import CHAMPION
from fraudstream.lifecycle.promotion import audit_log
from fraudstream.lifecycle.retraining import Retrained, Retraining
from fraudstream.settings.settings import Settings, load_settings
from schemas.errors import UserError
from tests.unit.training.histories import history, history_file

PLAN = {"history": history_file(), "window_days": 20, "horizon_days": 4, "collect_days": 8}


def settings_in(folder, **sections) -> Settings:
    return load_settings(**{"paths": {"state": folder / "state"}, "retrain": PLAN, **sections})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("retraining")


@pytest.fixture(scope="module")
def first(folder) -> Retrained:
    """Retrain where there is no model yet."""
    settings = settings_in(folder)
    return Retraining(settings, ModelRegistry(settings), None).run("the first")


def test_first_model_is_trained_on_the_matured_window_and_promoted(first, folder):
    settings = settings_in(folder)
    champion = ModelRegistry(settings).alias(CHAMPION)
    assert champion is not None
    assert (first.end, first.model_id, first.version) == ("promoted", champion.model_id, champion.version)
    newest = pc.max(history()["event_time"]).as_py().astimezone(UTC)
    assert 0 <= (newest - first.until).total_seconds() - 4 * 86_400 < 3_600
    data = ModelRegistry(settings).load(champion).manifest.data
    assert data.rows == first.rows
    assert 19.9 < (data.last_event_time_ms - data.first_event_time_ms) / 86_400_000 < 20
    assert audit_log(settings).entries()[-1].data["trained_on"]["sha256"] == data.sha256


@pytest.mark.usefixtures("first")
def test_repeated_window_changes_nothing(folder):
    settings = settings_in(folder)
    before = audit_log(settings).entries()
    again = Retraining(settings, ModelRegistry(settings), None).run("a scheduler that tries again")
    assert (again.end, again.version) == ("unchanged", 1)
    assert audit_log(settings).entries() == before


@pytest.mark.usefixtures("first")
def test_model_that_fails_a_gate_is_registered_and_not_promoted(folder):
    decisions: list[AuditEntry] = []
    settings = settings_in(folder, gates={"max_latency_us": 1e-6}, retrain={**PLAN, "window_days": 18})
    registry = ModelRegistry(settings)
    found = Retraining(settings, registry, None, on_decision=decisions.append).run("drift")
    assert (found.end, found.version) == ("refused by the gates", 2)
    assert "latency" in [gate["name"] for gate in found.gates if not gate["passed"]]
    assert [entry.outcome for entry in decisions] == ["refused"]
    champion = registry.alias(CHAMPION)
    assert champion is not None
    assert champion.version == 1


def test_command_retrains_once_from_a_file_with_a_json_result(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(tmp_path / "state"))
    for name in ("window_days", "horizon_days", "collect_days"):
        monkeypatch.setenv(f"FRAUDSTREAM_RETRAIN__{name.upper()}", str(PLAN[name]))
    line = ["retrain", "--once", "--history", str(history_file()), "--no-publish", "--reason", "a test", "--json"]
    done = CliRunner().invoke(cli.app, line)
    assert done.exit_code == 0, done.exception
    result = json.loads(done.stdout)
    assert (result["end"], result["version"], result["reason"], result["answers"]) == ("promoted", 1, "a test", {})


def test_retraining_without_broker_and_file_explains_what_to_do(tmp_path):
    settings = settings_in(tmp_path, retrain={})
    with pytest.raises(UserError, match="--history"):
        Retraining(settings, ModelRegistry(settings), None).run("")

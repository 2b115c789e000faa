"""The model lifecycle in a separate registry: MLflow on SQLite, no broker."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.lifecycle.gate_checks import check_gates
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.promotion import Promotion, audit_log
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.failures import NotReady
from fraudstream.system.ports import LOOPBACK, free_port
from models.scoring.artifact import load_artifact
from schemas.errors import UserError
from tests.unit.training.histories import artifact_folder, history_file
from tests.unit.training.other_models import better_folder, worse_folder
from tests.webhook_receiver import webhook_receiver


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("registry") / "state"


@pytest.fixture
def settings(folder, monkeypatch) -> Settings:
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(folder))
    return load_settings()


@pytest.fixture
def registry(settings) -> ModelRegistry:
    """Return a registry of three models, the first being the champion."""
    found = ModelRegistry(settings)
    for model in (artifact_folder(), better_folder(), worse_folder()):
        found.push(model)
    promotion = Promotion(settings, found, None)
    while promotion.serving().champion != 1:
        if promotion.serving().champion is None:
            promotion.promote(check_gates(found, found.find("1"), settings), reason="the first")
        else:
            promotion.rollback(reason="as it was")
    return found


def run(*arguments: object) -> tuple[int, object]:
    done = CliRunner().invoke(cli.app, ["model", *map(str, arguments), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


def test_pushed_model_is_pulled_unchanged_with_its_training_metrics(registry):
    version = registry.find(load_artifact(artifact_folder()).manifest.model_id)
    assert registry.load(version) == load_artifact(artifact_folder())
    assert version.metrics["pr_auc"] == load_artifact(artifact_folder()).manifest.metrics["pr_auc"]


def test_model_is_registered_once(registry):
    version, new = registry.push(better_folder())
    assert (version.version, new) == (2, False)
    assert [one.version for one in registry.versions()] == [3, 2, 1]


def test_version_is_found_by_number_alias_and_model_id(registry):
    by_id = registry.find(registry.find("v2").model_id)
    assert by_id == registry.find("2")
    assert registry.find("champion").version == 1


def test_model_is_registered_as_soon_as_it_is_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(tmp_path / "state"))
    arguments = ["train", "--history", str(history_file()), "--out", str(tmp_path / "model"), "--push", "--json"]
    done = CliRunner().invoke(cli.app, arguments)
    assert json.loads(done.stdout)["version"] == 1
    assert ModelRegistry(load_settings()).find("1").model_id == json.loads(done.stdout)["model_id"]


def test_unknown_version_is_refused_with_the_known_ones(registry):
    with pytest.raises(UserError, match=r"'7'.*v3 \(fraud-"):
        registry.find("7")


def test_artifact_that_changed_in_the_store_is_refused(registry, settings):
    version = registry.find("3")
    (stored,) = (settings.state.models / "artifacts").glob(f"{version.run_id}/**/model.onnx")
    kept = stored.read_bytes()
    stored.write_bytes(kept[:-1])
    try:
        with pytest.raises(UserError, match="SHA-256"):
            registry.load(version)
    finally:
        stored.write_bytes(kept)


def test_unreachable_store_is_reported(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_MODELS__TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(NotReady, match=r"models.tracking_uri"):
        ModelRegistry(load_settings()).versions()


def test_better_model_is_promoted_and_rolled_back(registry, tmp_path):
    page = tmp_path / "report.html"
    code, decided = run(
        "promote", 2, "--no-publish", "--on", history_file(), "--reason", "more trees", "--report", page
    )  # fmt: skip
    assert code == 0
    assert (decided["outcome"], decided["after"]["champion"], decided["reason"]) == ("done", 2, "more trees")
    assert {gate["name"]: gate["passed"] for gate in decided["gates"]} == dict.fromkeys(
        ("parity", "latency", "metrics", "flips"), True
    )
    assert decided["data"]["compared_on"]["sha256"] == decided["data"]["trained_on"]["sha256"]
    assert "average precision" in page.read_text()
    assert registry.find("champion").version == 2
    code, undone = run("rollback", "--no-publish", "--reason", "alerts doubled")
    assert (code, undone["undoes"], undone["after"]["champion"]) == (0, decided["decision_id"], 1)
    assert registry.find("champion").version == 1


def test_worse_model_is_refused_and_the_refusal_is_logged(registry, settings):
    code, refused = run("promote", 3, "--no-publish", "--on", history_file())
    assert (code, refused["outcome"]) == (1, "refused")
    assert [gate["name"] for gate in refused["gates"] if not gate["passed"]] == ["metrics"]
    assert audit_log(settings).entries()[-1].decision_id == refused["decision_id"]
    assert registry.find("champion").version == 1


def test_webhook_is_notified_of_failed_gates(registry, monkeypatch):
    with webhook_receiver() as receiver:
        monkeypatch.setenv("FRAUDSTREAM_NOTICES__WEBHOOK_URL", receiver.url)
        code, refused = run("promote", 3, "--no-publish", "--on", history_file())
    ((_, body),) = receiver.came
    assert (code, json.loads(body)["type"]) == (1, "gates.failed")
    assert json.loads(body)["data"]["decision_id"] == refused["decision_id"]
    assert registry.find("champion").version == 1


@pytest.mark.usefixtures("registry")
def test_unreachable_webhook_does_not_affect_the_decision(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_NOTICES__WEBHOOK_URL", f"http://{LOOPBACK}:{free_port()}/s3cret")
    monkeypatch.setenv("FRAUDSTREAM_NOTICES__ATTEMPTS", "1")
    done = CliRunner().invoke(cli.app, ["model", "promote", "2", "--no-publish", "--on", str(history_file())])
    assert done.exit_code == 0
    assert "rejected the notification" in done.stderr
    assert "s3cret" not in done.output
    run("rollback", "--no-publish")


@pytest.mark.usefixtures("registry")
def test_gates_are_overruled_only_with_a_reason():
    with pytest.raises(UserError, match="--reason"):
        run("promote", 3, "--no-publish", "--force")
    code, forced = run("promote", 3, "--no-publish", "--force", "--reason", "incident 4711")
    assert (code, forced["forced"], forced["after"]["champion"]) == (0, True, 3)
    run("rollback", "--no-publish")


@pytest.mark.usefixtures("registry")
def test_promotion_over_a_champion_needs_data_to_compare_on():
    with pytest.raises(UserError, match="--on"):
        run("promote", 2, "--no-publish")


def test_challenger_runs_in_shadow_and_ceases_to_be_one_when_promoted(registry, settings):
    code, shadowed = run("shadow", 2, "--no-publish", "--share", 0.1)
    assert (code, shadowed["after"]) == (0, {"champion": 1, "challenger": 2, "share": 0.1})
    assert registry.find("challenger").share == 0.1
    promoted = Promotion(settings, registry, None).promote(
        check_gates(registry, registry.find("challenger"), settings), reason=""
    )
    assert promoted.after.challenger is None
    code, undone = run("rollback", "--no-publish")
    assert undone["after"] == {"champion": 1, "challenger": 2, "share": 0.1}
    run("rollback", "--no-publish")
    assert registry.alias("challenger") is None


def test_champion_is_neither_promoted_nor_its_own_challenger(registry, settings):
    promotion = Promotion(settings, registry, None)
    with pytest.raises(UserError, match="not champion yet, got"):
        promotion.promote(check_gates(registry, registry.find("1"), settings), reason="")
    with pytest.raises(UserError, match="another version as champion"):
        promotion.shadow(check_gates(registry, registry.find("1"), settings), share=0, reason="")


def test_rollback_is_refused_if_the_registry_was_changed_elsewhere(registry, settings):
    promotion = Promotion(settings, registry, None)
    done = promotion.promote(check_gates(registry, registry.find("2"), settings), reason="")
    registry.set_serving(done.before)
    with pytest.raises(UserError, match="changed outside the audit log"):
        promotion.rollback(reason="")
    registry.set_serving(done.after)
    promotion.rollback(reason="")


@pytest.mark.usefixtures("registry")
def test_promotion_without_a_broker_changes_nothing_and_explains_what_to_do(settings):
    before = audit_log(settings).entries()
    with pytest.raises(NotReady, match=r"fraudstream up.*--no-publish"):
        run("promote", 2, "--on", history_file())
    assert audit_log(settings).entries() == before


@pytest.mark.usefixtures("registry")
def test_diff_show_and_log_describe_models():
    assert run("diff", 1, 2)[1]["settings.trees"] == {"a": 30, "b": 60}
    shown = run("show", 1)[1]
    assert shown["manifest"]["model_id"] == shown["model_id"]
    assert {entry["model_id"] for entry in shown["decisions"]} == {shown["model_id"]}
    assert run("log")[1][0]["reason"] == "the first"
    assert [version["version"] for version in run("ls")[1]] == [3, 2, 1]

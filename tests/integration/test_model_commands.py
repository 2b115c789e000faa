"""The model commands on a running job: one job for all tests, since each deploys the models that it needs."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from fraudstream.control.model_store import serve_artifact, serving_folder
from fraudstream.control.savepoints import savepoint_target, take_savepoint
from fraudstream.lifecycle.model_prune import StoredModel, examine_store, remove
from fraudstream.lifecycle.retained_state import find_states
from models.scoring.artifact import MANIFEST_FILE, load_artifact
from models.scoring.customer_share import deciding_model
from tests.integration.deployments import await_answers, broken_folder, deploy, folders
from tests.integration.expected import card_world
from tests.integration.scoring_lane import Lane, Running
from tests.replay_scores import replay_scores
from tests.unit.scoring.deployments import named
from tests.unit.training.histories import other_customer_folder

pytestmark = pytest.mark.integration

LATER_S = 4_000.0


@pytest.fixture(scope="module")
def scoring(running: Running) -> Iterator[Lane]:
    """Run a job that logs each transaction."""
    lane = running.lane(feature_log_share=1)
    lane.submit()
    yield lane
    lane.cancel()


@pytest.fixture
def lane(scoring: Lane, point_at) -> Lane:
    """Point the command line at the job."""
    point_at(scoring)
    return scoring


def model(*arguments):
    """Run one of the `model` commands; returns its exit code and what it wrote."""
    done = CliRunner().invoke(app, ["model", *arguments, "--json"])
    assert done.stdout, done.exception
    return done.exit_code, json.loads(done.stdout)


def consistency(*arguments):
    """Return how many logged transactions give the same again."""
    done = CliRunner().invoke(app, ["verify", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)["compared"]


def test_share_of_the_customers_is_decided_by_the_challenger_and_all_are_compared(lane):
    own, other = (named(folder) for folder in folders())
    table = card_world(6_000)
    line = ("--challenger", other["location"], "--share", "0.4")
    code, shards = model("deploy", own["location"], *line, "--review-threshold", "0.05")
    assert code == 0
    assert {(shard["model"], *shard["challengers"]) for shard in shards} == {(own["model_id"], other["model_id"])}
    lane.send(table)
    lane.await_scores(len(table))
    lane.await_records(lane.topics.shadow, len(lane.shards))

    by = deciding_model(table["customer_id"].combine_chunks(), [(other["model_id"], 0.4)])
    ids = table["transaction_id"].to_pylist()
    expected = [replay_scores(table, load_artifact(folder)) for folder in folders()]
    assert {item["transaction_id"]: (item["model_id"], item["score"]) for item in lane.scores()} == {
        name: ((own, other)[number]["model_id"], float(expected[number][row]))
        for row, (name, number) in enumerate(zip(ids, by.tolist(), strict=True))
    }
    thresholds = {own["model_id"]: 0.05, other["model_id"]: load_artifact(folders()[1]).manifest.review_threshold}
    assert {item["model_id"]: item["review_threshold"] for item in lane.alerts()} == pytest.approx(thresholds)

    code, (compared,) = model("compare")
    assert code == 0
    assert (compared["champion_id"], compared["challenger_id"]) == (own["model_id"], other["model_id"])
    assert (compared["transactions"], compared["decided"]) == (len(table), int((by == 1).sum()))
    difference = np.abs(expected[0].astype(np.float64) - expected[1])
    assert compared["mean_difference"] == pytest.approx(difference.mean())
    assert compared["max_difference"] == difference.max()
    assert consistency("--model", own["location"]) == int((by == 0).sum())
    assert consistency("--model", other["location"]) == int((by == 1).sum())


def test_deployment_that_the_job_rejects_ends_the_status_command_with_exit_code_1(lane, tmp_path):
    own, other = (named(folder) for folder in folders())
    await_answers(lane, deploy(lane, other))  # without a transaction: timers apply it
    assert model("status")[0] == 0
    await_answers(lane, deploy(lane, {**own, "location": str(broken_folder(tmp_path))}))
    code, shards = model("status")
    assert code == 1
    assert {(shard["model"], shard["answer"]["kind"]) for shard in shards} == {(other["model_id"], "REFUSED")}


@pytest.fixture
def untrue_folder(tmp_path):
    """Return a folder whose model is complete, but whose self-test expects other scores."""
    _, other = folders()
    folder = copytree(other, tmp_path / "untrue")
    manifest = load_artifact(folder).manifest
    assert manifest.self_test is not None
    wrong = manifest.self_test.model_copy(update={"scores": tuple(1 - score for score in manifest.self_test.scores)})
    (folder / "manifest.json").write_text(manifest.model_copy(update={"self_test": wrong}).model_dump_json())
    return folder


def test_promotion_and_rollback_show_the_answer_of_each_shard(lane, untrue_folder, monkeypatch):
    good, other = (model("push", str(folder))[1]["version"] for folder in folders())
    forced = ("--force", "--reason", "a test")

    def answers(decided):
        return {(shard["shard"], shard["answer"]["kind"]) for shard in decided["shards"]}

    code, decided = model("promote", str(good), *forced)
    assert (code, answers(decided)) == (0, {(shard, "SERVING") for shard in lane.shards})
    with monkeypatch.context() as patch:
        # No command sends a model on that fails its self-test, so this one goes bad in the store.
        patch.setattr("fraudstream.lifecycle.promotion.serve_artifact", lambda *_: untrue_folder)
        code, decided = model("promote", str(other), *forced)
    assert (code, answers(decided)) == (1, {(shard, "REFUSED") for shard in lane.shards})
    assert "self-test" in decided["shards"][0]["answer"]["detail"]
    code, decided = model("rollback")
    assert (code, answers(decided)) == (0, {(shard, "SERVING") for shard in lane.shards})
    code, decided = model("shadow", str(other), "--no-wait")
    assert (code, decided["shards"]) == (0, None)


def served(lane: Lane, folder: Path) -> str:
    """Let the job serve a model; returns the name of its folder in the store."""
    stored = serve_artifact(load_artifact(folder), lane.settings)
    answers = await_answers(lane, deploy(lane, named(stored)))
    assert {answer["kind"] for answer in answers} == {"SERVING"}
    return stored.name


def kept(lane: Lane) -> dict[str, tuple[str, ...]]:
    now_s = max(folder.stat().st_mtime for folder in serving_folder(lane.settings).iterdir()) + LATER_S
    return {model.folder.name: model.kept_for for model in examine_store(lane.broker, lane.rest, now_s)}


def add_unused(lane: Lane) -> Path:
    """Add a folder to the store that is named like a model's and that nothing refers to."""
    some = next(serving_folder(lane.settings).glob("fraud-*"))
    unused = some.with_name(f"fraud-0123456789ab-{'0' * 64}")
    copytree(some, unused)
    os.utime(unused / MANIFEST_FILE, (1, 1))
    return unused


def test_prune_keeps_the_models_of_jobs_deployments_shards_and_state_and_removes_others(lane, artifact):
    own = next(serving_folder(lane.settings).glob(f"{artifact.manifest.model_id}-*")).name
    name = served(lane, other_customer_folder())
    unused = add_unused(lane)
    found = kept(lane)
    assert found[unused.name] == ()
    assert any("job " in why for why in found[own])
    assert any("a record of" in why for why in found[name])
    assert any("serves it" in why for why in found[name])
    location = take_savepoint(lane.rest, lane.job_ids[-1], savepoint_target(lane.settings), stop=False)
    savepoint = Path(location.removeprefix("file:"))
    (state,) = [state for state in find_states(lane.settings) if state.folder.name == savepoint.name]
    assert state.searchable
    assert name in state.mentions([name, unused.name])
    assert unused.name not in state.mentions([name, unused.name])
    remove([StoredModel(folder=unused, size=0, kept_for=())])
    assert not unused.exists()
    assert {folder.name for folder in serving_folder(lane.settings).iterdir()} >= {own, name}

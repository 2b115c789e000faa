"""Models change while the stream runs: each score is that of the model that it names, and nothing is lost."""

import json
from itertools import cycle, islice
from shutil import copytree

import numpy as np
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource
from typer.testing import CliRunner

from fraudstream.cli.main import app
from fraudstream.control.control_topic import read_deployment
from fraudstream.kafka.topics import existing_topics
from models.scoring.artifact import load_artifact
from models.scoring.customer_share import deciding_model
from schemas.deployment import Served
from tests.integration.deployments import await_answers, deploy, folders
from tests.integration.expected import card_world
from tests.replay_scores import replay_scores
from tests.unit.scoring.deployments import named

pytestmark = pytest.mark.integration

SEEN = 300
"""Scores waited for after a swap: of each shard there are some among them."""


@pytest.fixture
def broken_folder(tmp_path):
    """Return a folder whose model lost its last byte on the way."""
    _, other = folders()
    folder = copytree(other, tmp_path / "broken")
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-1])
    return folder


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


def swap(lane, champion, *challengers):
    """Deploy models, wait until every shard scores with them, and until some scores are theirs."""
    answers = await_answers(lane, deploy(lane, champion, *challengers))
    assert {(event["kind"], event["model_id"]) for event in answers} == {("SERVING", champion["model_id"])}
    lane.await_records(lane.topics.scores, lane.size(lane.topics.scores) + SEEN)


def assert_each_once_as_its_model_scores(lane, table, *artifact_folders):
    """Compare all scores with the offline ones; returns the models that they name."""
    ids = table["transaction_id"].to_pylist()
    expected = {
        artifact.manifest.model_id: dict(zip(ids, replay_scores(table, artifact).tolist(), strict=True))
        for artifact in map(load_artifact, artifact_folders)
    }
    scores = lane.scores()
    assert sorted(item["transaction_id"] for item in scores) == sorted(ids)
    assert all(item["score"] == expected[item["model_id"]][item["transaction_id"]] for item in scores)
    return {item["model_id"] for item in scores}


def models_used(lane, shard):
    """Return the models of a shard's scores in turn, as the first partition has them."""
    used = []
    for item in lane.scores():
        if item["shard"] == shard and item["model_id"] not in used[-1:]:
            used.append(item["model_id"])
    return used


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_swaps_under_load_lose_nothing_and_a_broken_model_is_refused(open_lane, broken_folder, mode):
    own, other = (named(folder) for folder in folders())
    lane, table = open_lane(mode=mode, partitions=1), card_world(20_000, customers=400)
    lane.submit()
    with lane.trickling(table):
        lane.await_scores(SEEN)
        swap(lane, other)
        swap(lane, own)
        swap(lane, other)
        refused = await_answers(lane, deploy(lane, {**own, "location": str(broken_folder)}))
        lane.await_records(lane.topics.scores, lane.size(lane.topics.scores) + SEEN)
        # The settings name the first model, the state the other.
        lane.submit(savepoint=lane.stop_with_savepoint())
        lane.await_records(lane.topics.scores, lane.size(lane.topics.scores) + SEEN)
        swap(lane, own)
    lane.await_scores(len(table))
    lane.stop_with_savepoint()

    assert {event["kind"] for event in refused} == {"REFUSED"}
    assert all("expected the SHA-256 of model.onnx" in event["detail"] for event in refused)
    assert_each_once_as_its_model_scores(lane, table, *folders())
    a, b = own["model_id"], other["model_id"]
    assert all(models_used(lane, shard) == [a, b, a, b, a] for shard in lane.shards)


def test_share_of_the_customers_is_decided_by_the_challenger_and_all_are_compared(open_lane, point_at):
    own, other = (named(folder) for folder in folders())
    lane, table = open_lane(feature_log_share=1), card_world(6_000)
    point_at(lane)
    lane.submit()
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


def test_order_that_the_job_refuses_is_told_by_exit_code_1(open_lane, point_at, broken_folder):
    own, other = (named(folder) for folder in folders())
    lane = open_lane()
    point_at(lane)
    lane.submit()
    await_answers(lane, deploy(lane, other))  # no transaction comes: timers see to it
    assert model("status")[0] == 0
    await_answers(lane, deploy(lane, {**own, "location": str(broken_folder)}))
    code, shards = model("status")
    assert code == 1
    assert {(shard["model"], shard["answer"]["kind"]) for shard in shards} == {(other["model_id"], "REFUSED")}


@pytest.fixture
def untrue_folder(tmp_path):
    """Return a folder whose model is whole, but gives other scores than its certificate says."""
    _, other = folders()
    folder = copytree(other, tmp_path / "untrue")
    manifest = load_artifact(folder).manifest
    assert manifest.self_test is not None
    wrong = manifest.self_test.model_copy(update={"scores": tuple(1 - score for score in manifest.self_test.scores)})
    (folder / "manifest.json").write_text(manifest.model_copy(update={"self_test": wrong}).model_dump_json())
    return folder


def test_promotion_and_rollback_tell_what_each_shard_makes_of_them(open_lane, point_at, untrue_folder, monkeypatch):
    lane = open_lane()
    point_at(lane)
    lane.submit()
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


def test_control_topic_has_one_partition_and_keeps_the_newest_order(open_lane):
    lane = open_lane()
    topic = lane.topics.control
    assert existing_topics(lane.broker)[topic] == 1
    wanted = ConfigResource(ConfigResource.Type.TOPIC, topic)
    admin = AdminClient({"bootstrap.servers": lane.services.bootstrap_servers})
    (answer,) = admin.describe_configs([wanted]).values()
    assert answer.result()["cleanup.policy"].value == "compact"
    for folder in folders():
        deploy(lane, named(folder))
    newest = read_deployment(lane.broker)
    assert newest is not None
    assert newest.champion == Served(**named(folders()[-1]))


@pytest.mark.long
def test_twenty_swaps_under_twenty_thousand_events_a_second(open_lane):
    lane, table = open_lane(), card_world(800_000, customers=10_000, days=45)
    lane.submit()
    with lane.sending(table, rate=20_000):
        for folder in islice(cycle(folders()), 20):
            answers = await_answers(lane, deploy(lane, named(folder)))
            assert {event["kind"] for event in answers} == {"SERVING"}
    lane.await_scores(len(table))
    lane.cancel()
    assert len(assert_each_once_as_its_model_scores(lane, table, *folders())) == 2

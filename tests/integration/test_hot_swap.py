"""Models change while the stream runs: each score is that of the model that it names, and nothing is lost."""

from itertools import cycle, islice

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from fraudstream.control.control_topic import read_deployment
from fraudstream.kafka.topics import existing_topics
from models.scoring.artifact import load_artifact
from schemas.deployment import Served
from tests.integration.deployments import await_answers, broken_folder, deploy, folders
from tests.integration.expected import card_world
from tests.replay_scores import replay_scores
from tests.unit.scoring.deployments import named

pytestmark = pytest.mark.integration

SEEN = 300
"""Scores waited for after a swap: of each shard there are some among them."""


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


@pytest.mark.parametrize("mode", [pytest.param("thread", marks=pytest.mark.long), "process"])
def test_swaps_under_load_lose_nothing_and_a_broken_model_is_refused(open_lane, tmp_path, mode):
    own, other = (named(folder) for folder in folders())
    lane, table = open_lane(mode=mode, partitions=1), card_world(20_000, customers=400)
    lane.submit()
    with lane.trickling(table):
        lane.await_scores(SEEN)
        swap(lane, other)
        swap(lane, own)
        swap(lane, other)
        refused = await_answers(lane, deploy(lane, {**own, "location": str(broken_folder(tmp_path))}))
        lane.await_records(lane.topics.scores, lane.size(lane.topics.scores) + SEEN)
        if mode == "process":  # of threads, the test of pinned models restores the deployment
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


def test_control_topic_has_one_partition_and_keeps_the_newest_deployment(open_lane):
    lane = open_lane()
    topic = lane.topics.control
    assert existing_topics(lane.broker)[topic] == 1
    wanted = ConfigResource(ConfigResource.Type.TOPIC, topic)
    admin = AdminClient({"bootstrap.servers": lane.broker.bootstrap_servers})
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

"""Models change while the stream runs: each score is that of the model that it names, and nothing is lost."""

import pytest

from models.scoring.artifact import load_artifact
from models.scoring.replay import replay_scores
from tests.integration.deployments import await_answers, deploy, folders
from tests.integration.expected import card_world
from tests.unit.scoring.deployments import named

pytestmark = pytest.mark.integration


def scores_by_model(table, *artifact_folders):
    """Return each transaction's score by each model, offline."""
    ids = table["transaction_id"].to_pylist()
    return {
        artifact.manifest.model_id: dict(zip(ids, replay_scores(table, artifact).tolist(), strict=True))
        for artifact in map(load_artifact, artifact_folders)
    }


def assert_each_once_as_its_model_scores(lane, table, *artifact_folders):
    expected = scores_by_model(table, *artifact_folders)
    scores = lane.scores()
    assert sorted(item["transaction_id"] for item in scores) == sorted(table["transaction_id"].to_pylist())
    for item in scores:
        assert item["score"] == expected[item["model_id"]][item["transaction_id"]]
    return [item["model_id"] for item in scores]


def test_job_changes_its_model_between_two_transactions(open_lane):
    own, other = folders()
    lane, table = open_lane(), card_world(4_000)
    lane.submit()
    lane.send(table.slice(0, 2_000))
    lane.await_scores(2_000)
    told = await_answers(lane, deploy(lane, named(other)))
    assert {(event["kind"], event["model_id"]) for event in told} == {("SERVING", named(other)["model_id"])}
    lane.send(table.slice(2_000))
    lane.await_scores(4_000)
    lane.cancel()
    used = assert_each_once_as_its_model_scores(lane, table, own, other)
    assert {name: used.count(name) for name in used} == {named(own)["model_id"]: 2_000, named(other)["model_id"]: 2_000}

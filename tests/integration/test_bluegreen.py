"""Two versions beside each other under a live stream: compared, switched and switched back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fraudstream.control import flink_run
from fraudstream.control.bluegreen import BlueGreen
from fraudstream.readers.score_comparison import compare_scores
from fraudstream.system.failures import RuntimeFailure
from jobs.job_config import JobConfig
from jobs.state_manifest import StateMismatchError
from models.scoring.artifact import Artifact, ArtifactError, checksum, load_artifact, write_artifact
from schemas.errors import UserError
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.integration.upgraded_jobs import assert_each_once, ensure_slots

pytestmark = pytest.mark.integration

ROWS = 40_000


@pytest.fixture
def other_model(artifact, tmp_path):
    """Write the same trees with another id and half the threshold: equal scores, other alerts."""
    manifest = artifact.manifest
    changed = manifest.model_copy(update={"model_id": "green", "review_threshold": manifest.review_threshold / 2})
    write_artifact(tmp_path / "green", Artifact(manifest=changed, onnx=artifact.onnx))
    return load_artifact(tmp_path / "green"), tmp_path / "green"


def bluegreen(lane: Lane, on_step: Callable[[str], None] = lambda _step: None, **sections) -> BlueGreen:
    settings = lane.settings.model_copy(
        update={name: getattr(lane.settings, name).model_copy(update=changes) for name, changes in sections.items()}
    )
    return BlueGreen(settings, lane.services, on_step=on_step)


def test_switch_and_back_lose_and_double_nothing(open_lane, artifact, other_model):
    model, folder = other_model
    lane, table = open_lane(guarantee="exactly-once"), card_world(ROWS, customers=600)
    ensure_slots(lane, 2)
    steps: list[str] = []
    green = bluegreen(lane, steps.append, model={"artifact": folder})
    lane.submit()
    with lane.trickling(table):
        lane.await_scores(500)
        with pytest.raises(StateMismatchError, match=r"job\.shards"):
            bluegreen(lane, job={"shards": 4}).start()
        with pytest.raises(UserError, match="expected one standby, got none"):
            green.switch()

        lane.job_ids.append(green.start().job_id)
        standby = green.standby().config.topics
        lane.await_scores(len(lane.scores()) + 500)
        found = compare_scores(
            lane.broker,
            (lane.topics.scores, standby.scores),
            since_ms=green.plan().standby_since_ms,
            patience_s=60,
        )
        assert found.compared > 0
        assert (found.missing, found.equal_scores) == (0, found.compared)
        assert found.standby_alerts > found.live_alerts == found.both_alert
        assert found.decisions_differ >= found.standby_alerts - found.live_alerts

        lane.job_ids.append(green.switch().job_id)
        assert green.live().colour == "green"
        lane.await_scores(len(lane.scores()) + 500)
        lane.job_ids.append(green.back().job_id)
        assert green.live().colour == "blue"
    assert len([step for step in steps if step.startswith("$ ")]) == 3  # each start says how it was made
    lane.await_scores(len(table))
    lane.stop_with_savepoint()

    scores, alerts = lane.scores(), lane.alerts()
    assert len({item["transaction_id"] for item in scores}) == len(scores) == len(table)
    models = [item["model_id"] for item in sorted(scores, key=lambda item: item["scored_at"])]
    turns = [one for one, before in zip(models, [None, *models], strict=False) if one != before]
    assert turns == [artifact.manifest.model_id, model.manifest.model_id, artifact.manifest.model_id]
    alerted = Counter(item["transaction_id"] for item in alerts)
    assert alerted == Counter(item["transaction_id"] for item in scores if item["decision"] != "APPROVE")
    assert set(alerted.values()) == {1}
    by_id = {item["transaction_id"]: item["model_id"] for item in scores}
    assert all(by_id[item["transaction_id"]] == item["model_id"] for item in alerts)


def write_unusable_model(folder) -> None:
    """Put in a model that its folder's checks pass and ONNX Runtime does not load."""
    onnx = b"no model"
    manifest = load_artifact(folder).manifest.model_copy(update={"onnx_sha256": checksum(onnx)})
    write_artifact(folder, Artifact(manifest=manifest, onnx=onnx))


def test_version_that_does_not_come_up_is_replaced_by_the_old_one_and_nothing_is_lost(
    open_lane, artifact, other_model, monkeypatch
):
    _, folder = other_model
    lane, table = open_lane(guarantee="exactly-once", shards=4), card_world(ROWS, customers=600)
    ensure_slots(lane, 2)

    def on_step(step: str) -> None:
        if "did not come up" in step:
            monkeypatch.undo()  # the old version has all the time that it needs

    green = bluegreen(lane, on_step, model={"artifact": folder})
    lane.submit()
    with lane.trickling(table):
        lane.await_scores(500)
        lane.job_ids.append(green.start().job_id)
        next_file = Path(green.plan().next_file)
        config = JobConfig.from_file(next_file)
        write_unusable_model(folder)
        next_file.write_text(replace(config, model=str(folder), model_id="", model_sha256="").to_json())
        with pytest.raises(ArtifactError, match=str(folder)):
            green.switch()
        assert len(green.deployments()) == 2, "nothing has ended"
        next_file.write_text(replace(config, parallelism=4).to_json())  # of more slots than there are
        monkeypatch.setattr(flink_run, "RUNNING_SECONDS", 10.0)
        with pytest.raises(RuntimeFailure, match=r"green to come up, but: .* was put back from file:"):
            green.switch()
        lane.job_ids.append(green.live().job_id)
        assert [deployment.colour for deployment in green.deployments()] == ["blue"]
        lane.await_scores(len(lane.scores()) + 500)
    lane.await_scores(len(table))
    lane.stop_with_savepoint()
    assert_each_once(lane, Expected.of(table, artifact))


class Killed(BaseException):
    """Ends the tool in mid-step, as no handler of failures can prevent."""


@pytest.mark.parametrize("killed_twice", [False, True])
def test_interrupted_switch_leaves_one_live_job_at_once_or_by_the_next_command(
    open_lane, artifact, other_model, killed_twice
):
    _, folder = other_model
    lane, table = open_lane(guarantee="exactly-once"), card_world(4_000, customers=600)
    ensure_slots(lane, 2)

    def on_step(step: str) -> None:
        if "from it" in step or (killed_twice and "did not come up" in step):
            raise Killed

    green = bluegreen(lane, on_step, model={"artifact": folder})
    lane.submit()
    lane.send(table.slice(0, 2_000))
    lane.await_scores(2_000)
    lane.job_ids.append(green.start().job_id)
    with pytest.raises(Killed):
        green.switch()
    next_one = bluegreen(lane)
    assert len(next_one.deployments()) == (0 if killed_twice else 1)
    back = next_one.resume()
    assert (back is None) is not killed_twice
    lane.job_ids.append(next_one.live().job_id)
    assert next_one.live().colour == "blue"
    assert next_one.resume() is None, "nothing is left to do"
    lane.send(table.slice(2_000))
    lane.await_scores(len(table))
    lane.stop_with_savepoint()
    assert_each_once(lane, Expected.of(table, artifact))

"""Two versions of the job under a live stream: compared, switched, switched back, and put back after a failure."""

import json
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

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_200)]

ROWS = 40_000


@pytest.fixture
def other_model(artifact, tmp_path):
    """Write the same trees with another id and half the threshold: equal scores, other alerts."""
    manifest = artifact.manifest
    changed = manifest.model_copy(update={"model_id": "green", "review_threshold": manifest.review_threshold / 2})
    write_artifact(tmp_path / "green", Artifact(manifest=changed, onnx=artifact.onnx))
    return load_artifact(tmp_path / "green"), tmp_path / "green"


def bluegreen(lane: Lane, on_step: Callable[[str], None] = lambda _step: None, **sections) -> BlueGreen:
    changed = {name: getattr(lane.settings, name).model_copy(update=changes) for name, changes in sections.items()}
    return BlueGreen(lane.services.with_settings(**changed), on_step=on_step)


def replace_by_unusable_model(file: Path) -> None:
    """Give a version a model that its folder's checks pass and ONNX Runtime does not load."""
    config, onnx = JobConfig.from_file(file), b"no model"
    folder = file.with_suffix(".model")
    manifest = load_artifact(config.model_folder).manifest.model_copy(update={"onnx_sha256": checksum(onnx)})
    write_artifact(folder, Artifact(manifest=manifest, onnx=onnx))
    file.write_text(replace(config, model=str(folder), model_id="", model_sha256="").to_json())


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

        next_file = Path(green.plan().next_file)
        usable = next_file.read_text()
        replace_by_unusable_model(next_file)
        with pytest.raises(ArtifactError, match=next_file.stem):
            green.switch()
        assert len(green.deployments()) == 2, "nothing has ended"
        next_file.write_text(usable)

        lane.job_ids.append(green.switch().job_id)
        assert green.live().colour == "green"
        lane.await_scores(len(lane.scores()) + 500)
        lane.job_ids.append(green.back().job_id)
        assert green.live().colour == "blue"
    assert len([step for step in steps if step.startswith("$ ")]) == 3  # the `flink run` line of each start
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


class Killed(BaseException):
    """Ends the tool in mid-step, as no handler of failures can prevent."""


def switched_before(lane: Lane, folder: Path, on_step: Callable[[str], None]) -> BlueGreen:
    """Return the tool after a switch from green to the live blue version, without having run green."""
    tool = bluegreen(lane, on_step)
    live = tool.live().config
    green = replace(live, name=f"{live.name}-green", model=str(folder), model_id="", model_sha256="")
    file = lane.settings.state.jobs / "green.json"
    file.write_text(green.to_json())
    (lane.settings.state.root / "bluegreen.json").write_text(json.dumps({"previous_file": str(file)}))
    return tool


@pytest.mark.long
def test_interrupted_or_failed_hand_over_leaves_the_former_job_live_and_nothing_is_lost(
    open_lane, artifact, other_model, monkeypatch
):
    lane, table = open_lane(guarantee="exactly-once", shards=4), card_world(ROWS, customers=600)
    killed_at: list[str] = []

    def on_step(step: str) -> None:
        if "did not come up" in step:
            monkeypatch.undo()  # the old version has all the time that it needs
        if any(text in step for text in killed_at):
            raise Killed

    def require_blue(tool: BlueGreen) -> None:
        (live,) = tool.deployments()
        assert (live.colour, live.job_id) == ("blue", tool.live().job_id)
        lane.job_ids.append(live.job_id)
        lane.await_scores(len(lane.scores()) + 500)

    lane.submit()
    tool = switched_before(lane, other_model[1], on_step)
    with lane.trickling(table):
        lane.await_scores(500)
        killed_at[:] = ["from it"]
        with pytest.raises(Killed):
            tool.back()
        require_blue(tool)  # put back at once

        killed_at[:] = ["from it", "did not come up"]
        with pytest.raises(Killed):
            tool.back()
        next_one = bluegreen(lane)
        assert next_one.deployments() == []
        assert next_one.resume() is not None
        require_blue(next_one)
        assert next_one.resume() is None, "nothing is left to do"

        killed_at.clear()
        previous = Path(tool.plan().previous_file)
        more_than_there_are = replace(JobConfig.from_file(previous), parallelism=4)
        previous.write_text(more_than_there_are.to_json())
        monkeypatch.setattr(flink_run, "RUNNING_SECONDS", 1.0)
        with pytest.raises(RuntimeFailure, match=r"green to come up, but: .* was put back from file:"):
            tool.back()
        require_blue(tool)
    lane.await_scores(len(table))
    lane.stop_with_savepoint()
    assert_each_once(lane, Expected.of(table, artifact))

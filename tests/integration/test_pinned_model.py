"""The deciding model is the submitted or promoted one, despite later changes of its folder."""

import os
import signal
from shutil import copytree, rmtree

import pytest

from fraudstream.control.model_store import serving_folder
from fraudstream.devstack.stack import start
from fraudstream.settings.settings import ModelSettings
from fraudstream.system.deadline import wait_until
from fraudstream.system.run_state import RunState
from models.scoring.artifact import load_artifact
from tests.integration.deployments import await_answers, deploy, folders
from tests.integration.expected import card_world
from tests.patience import PATIENCE_S
from tests.unit.scoring.deployments import named

pytestmark = pytest.mark.integration

ROWS = 3_000


def replace_task_manager(lane):
    """Kill the TaskManager and start another, on which the job continues."""
    for process in RunState.load(lane.settings.state).running("taskmanager"):
        os.kill(process.pid, signal.SIGKILL)
        assert wait_until(lambda process=process: not process.alive(), seconds=PATIENCE_S)
    start(lane.settings)


def await_checkpoints(lane, more):
    """Wait until the job has completed some more checkpoints."""

    def completed():
        return lane.rest.checkpoints(lane.job_ids[-1])["counts"]["completed"]

    before = completed()
    assert wait_until(lambda: completed() >= before + more, seconds=PATIENCE_S)


@pytest.mark.long
def test_restarted_job_uses_the_submitted_model_and_later_needs_only_the_deployed_one(open_lane, tmp_path):
    lane, table = open_lane(mode="thread"), card_world(ROWS, customers=200)
    first, other = folders()
    folder = copytree(first, tmp_path / "model")
    lane.services = lane.services.with_settings(model=ModelSettings(artifact=folder))
    lane.submit()
    lane.send(table.slice(0, 1_000))
    lane.await_scores(1_000)

    copytree(other, folder, dirs_exist_ok=True)  # as `train` leaves it
    replace_task_manager(lane)
    lane.send(table.slice(1_000, 1_000))
    lane.await_scores(2_000)
    submitted = load_artifact(first).manifest.model_id
    assert {item["model_id"] for item in lane.scores()} == {submitted}

    answers = await_answers(lane, deploy(lane, named(other)))
    assert {event["kind"] for event in answers} == {"SERVING"}
    await_checkpoints(lane, 2)  # the second started after the deployment
    rmtree(folder)
    rmtree(next(serving_folder(lane.settings).glob(f"{submitted}-*")))
    replace_task_manager(lane)
    before = len(lane.scores())
    lane.send(table.slice(2_000))
    lane.await_records(lane.topics.scores, before + ROWS - 2_000)
    newest = {item["transaction_id"]: item["model_id"] for item in lane.scores()}
    late = table.slice(2_000)["transaction_id"].to_pylist()
    assert {newest[name] for name in late} == {load_artifact(other).manifest.model_id}

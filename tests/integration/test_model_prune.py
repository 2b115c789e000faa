"""Models that `model prune` keeps, on a real broker and cluster."""

import os
import shutil
from pathlib import Path

import pytest

from fraudstream.control.model_store import serve_artifact, serving_folder
from fraudstream.lifecycle.model_prune import StoredModel, examine_store, remove
from fraudstream.lifecycle.retained_state import find_states
from models.scoring.artifact import MANIFEST_FILE, load_artifact
from tests.integration.deployments import await_answers, deploy
from tests.integration.expected import card_world
from tests.integration.scoring_lane import Lane
from tests.unit.scoring.deployments import named
from tests.unit.training.histories import other_folder

pytestmark = pytest.mark.integration

LATER_S = 4_000.0


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
    """Put a folder into the store that looks as a model's and that nothing names."""
    some = next(serving_folder(lane.settings).glob("fraud-*"))
    unused = some.with_name(f"fraud-0123456789ab-{'0' * 64}")
    shutil.copytree(some, unused)
    os.utime(unused / MANIFEST_FILE, (1, 1))
    return unused


def test_models_of_a_job_of_orders_of_shards_and_of_state_are_kept_and_others_go(open_lane, artifact):
    lane = open_lane()
    lane.submit()
    lane.send(card_world(500))
    lane.await_scores(500)
    own = next(serving_folder(lane.settings).glob(f"{artifact.manifest.model_id}-*")).name
    name = served(lane, other_folder())
    unused = add_unused(lane)
    found = kept(lane)
    assert found[unused.name] == ()
    assert any("job " in why for why in found[own])
    assert any("a record of" in why for why in found[name])
    assert any("serves it" in why for why in found[name])
    savepoint = Path(lane.stop_with_savepoint().removeprefix("file:"))
    (state,) = [state for state in find_states(lane.settings) if state.folder.name == savepoint.name]
    assert state.searchable
    assert name in state.mentions([name, unused.name])
    assert unused.name not in state.mentions([name, unused.name])
    remove([StoredModel(folder=unused, size=0, kept_for=())])
    assert not unused.exists()
    assert {folder.name for folder in serving_folder(lane.settings).iterdir()} >= {own, name}

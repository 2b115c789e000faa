"""Two models that tests swap between, and their deployment to a lane."""

from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import uuid4

from fraudstream.control.control_topic import publish_deployment
from fraudstream.system.deadline import wait_until
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S
from tests.unit.scoring.deployments import deployment
from tests.unit.training.histories import customer_folder, other_customer_folder


def folders() -> tuple[Path, Path]:
    """Return the folders of the model of the lanes and of another."""
    return customer_folder(), other_customer_folder()


def broken_folder(parent: Path) -> Path:
    """Copy the other model into a folder below the given one, without the last byte of its ONNX file."""
    folder = copytree(other_customer_folder(), parent / "broken")
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-1])
    return folder


def deploy(lane: Lane, champion: dict[str, Any], *challengers: dict[str, Any]) -> str:
    """Publish a deployment; returns its id."""
    made = deployment(champion, *challengers, deployment_id=str(uuid4()), changed_at=datetime.now(UTC))
    publish_deployment(lane.broker, made)
    return made.deployment_id


def await_answers(lane: Lane, deployment_id: str) -> list[dict[str, Any]]:
    """Wait until each shard has answered a deployment; returns the answers."""
    found: list[dict[str, Any]] = []

    def answered() -> bool:
        found[:] = [event for event in lane.model_events() if event["deployment_id"] == deployment_id]
        return {event["shard"] for event in found} >= lane.shards

    assert wait_until(answered, seconds=PATIENCE_S), f"{found} of {lane.model_events()}"
    return found

"""Two models that tests swap between, and what a lane is told of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from fraudstream.control.control_topic import publish_deployment
from fraudstream.system.deadline import wait_until
from tests.integration.scoring_lane import Lane
from tests.unit.scoring.deployments import deployment
from tests.unit.training.histories import artifact_folder, other_folder


def folders() -> tuple[Path, Path]:
    """Return the folder of the lanes' own model, and of another."""
    return artifact_folder(), other_folder()


def deploy(lane: Lane, champion: dict[str, Any], *challengers: dict[str, Any]) -> str:
    """Publish a deployment; returns its id."""
    ordered = deployment(champion, *challengers, deployment_id=str(uuid4()), changed_at=datetime.now(UTC))
    publish_deployment(lane.broker, ordered)
    return ordered.deployment_id


def await_answers(lane: Lane, deployment_id: str) -> list[dict[str, Any]]:
    """Wait until each shard has answered a deployment; returns the answers."""
    found: list[dict[str, Any]] = []

    def answered() -> bool:
        found[:] = [event for event in lane.model_events() if event["deployment_id"] == deployment_id]
        return {event["shard"] for event in found} >= lane.shards

    assert wait_until(answered, seconds=60), f"{found} of {lane.model_events()}"
    return found

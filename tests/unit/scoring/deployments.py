"""Deployments of the models that tests train."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.scoring.artifact import load_artifact
from schemas.deployment import Challenger, Deployment, Served

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def named(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return the fields of `Served` for a folder."""
    manifest = load_artifact(folder).manifest
    return {"model_id": manifest.model_id, "location": str(folder), "sha256": manifest.onnx_sha256, **changes}


def deployment(
    champion: dict[str, Any],
    *challengers: dict[str, Any],
    deployment_id: str = "d1",
    changed_at: datetime = NOON,
) -> Deployment:
    """Return a deployment of models from `named`; the fields of a challenger may include its share."""
    return Deployment(
        deployment_id=deployment_id,
        changed_at=changed_at,
        changed_by="somebody",
        reason="a test",
        champion=Served(**champion),
        challengers=tuple(Challenger(**challenger) for challenger in challengers),
    )

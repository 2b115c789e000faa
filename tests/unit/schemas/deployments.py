"""Deployments with and without a challenger."""

from datetime import UTC, datetime

from schemas.deployment import Challenger, Deployment, Served

CHAMPION = Served(model_id="a", location="/models/a", sha256="00")
SHADOW = Challenger(model_id="b", location="/models/b", sha256="01", review_threshold=0.5, share=0.0)
TRIED = Challenger(model_id="c", location="/models/c", sha256="02", block_threshold=0.75, share=0.25)
DEPLOYMENT = Deployment(
    deployment_id="d1",
    changed_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    changed_by="somebody",
    reason="a trial",
    champion=CHAMPION,
    challengers=(SHADOW, TRIED),
)

"""Versions of the model in the registry."""

from dataclasses import dataclass, field
from datetime import datetime

CHAMPION, CHALLENGER = "champion", "challenger"
"""Aliases of the model that decides, and of the model in shadow mode."""


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """Registered version of a model.

    Parameters
    ----------
    version : int
        Number of the version, from 1.
    model_id : str
        Id of the model in its manifest and in scores.
    onnx_sha256 : str
        SHA-256 of model.onnx.
    registered_at : datetime
        UTC.
    run_id : str
        MLflow run of the artifact, parameters and metrics.
    aliases : tuple of str
        CHAMPION, CHALLENGER, or aliases of the team.
    share : float
        Fraction of customers it decides for as CHALLENGER.
    manifest_sha256 : str
        SHA-256 of manifest.json; empty if the registry has none.
    """

    version: int
    model_id: str
    onnx_sha256: str
    registered_at: datetime
    run_id: str
    aliases: tuple[str, ...] = ()
    share: float = 0.0
    manifest_sha256: str = ""
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the version in messages."""
        return f"v{self.version} ({self.model_id})"

"""Versions of the model in the registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

CHAMPION, CHALLENGER = "champion", "challenger"
"""Aliases: the model that decides, and the one that scores beside it."""


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A model as the registry has it.

    Parameters
    ----------
    version : int
        Counted by the registry, from 1.
    model_id : str
        As its manifest has it and scores name it.
    onnx_sha256 : str
        Of its model.onnx.
    registered_at : datetime
        UTC.
    run_id : str
        MLflow's run that holds its artifact, parameters and metrics.
    aliases : tuple of str
        CHAMPION, CHALLENGER, or what a team gave it.
    share : float
        Share of the customers that it decides for, while it is CHALLENGER.
    manifest_sha256 : str
        Of its manifest.json; empty where the registry has none.
    metrics : dict of str to float
        What `fraudstream train` measured.
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
        """The version and the model in a word, as messages name it."""
        return f"v{self.version} ({self.model_id})"

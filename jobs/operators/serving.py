"""Models in service with their writers."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

from jobs.job_config import JobConfig
from jobs.operators.inference_log import InferenceLog
from jobs.operators.outputs import Outputs
from models.drift.observer import Observer
from models.scoring.declared_check import require_declaration
from models.scoring.loaded_model import LoadedModel
from models.scoring.served_models import ServedModels
from schemas.deployment import Deployment
from schemas.registry import SchemaRegistry


@dataclass(frozen=True, kw_only=True, eq=False)
class DecisionWriter:
    """Writes down what one model decided.

    Parameters
    ----------
    outputs : Outputs
    inference_log : InferenceLog
    """

    outputs: Outputs
    inference_log: InferenceLog

    @classmethod
    def of(cls, config: JobConfig, registry: SchemaRegistry, model: LoadedModel) -> DecisionWriter:
        """Return the writer of a model's decisions."""
        return cls(
            outputs=Outputs(config, model.artifact, registry),
            inference_log=InferenceLog(config, model.manifest, registry),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Serving:
    """Scoring, logging and monitoring of one deployment, made once for all shards of a subtask.

    Parameters
    ----------
    deployment_id : str
        Empty for the model of the job's settings.
    ensemble : ServedModels
    writers : tuple of DecisionWriter
        One for each model of the ensemble.
    observer : Observer
        Drift signals, compared with the champion's training data.
    deployment : Deployment or None
        None for the model of the job's settings.
    """

    deployment_id: str
    ensemble: ServedModels
    writers: tuple[DecisionWriter, ...]
    observer: Observer
    deployment: Deployment | None = None

    @classmethod
    def of(
        cls, config: JobConfig, registry: SchemaRegistry, ensemble: ServedModels, deployment: Deployment | None = None
    ) -> Serving:
        """Return an ensemble with its writers; ``deployment`` None: the model of the job's settings.

        Raises
        ------
        ArtifactError
            A model announces reasons that it does not have, or was trained with another declaration.
        """
        for model in ensemble.models:
            require_declaration(model.manifest, config.declared)
        writers = tuple(map(partial(DecisionWriter.of, config, registry), ensemble.models))
        deployed_ms = round(deployment.changed_at.timestamp() * 1000) if deployment else 0
        observer = Observer(ensemble.models[0].manifest, shards=config.shards, deployed_ms=deployed_ms)
        deployment_id = deployment.deployment_id if deployment else ""
        return cls(
            deployment_id=deployment_id, ensemble=ensemble, writers=writers, observer=observer, deployment=deployment
        )

    def without(self, number: int) -> Serving:
        """Return what serves without one of the challengers, which are numbered from 1 on."""
        if self.deployment is None:
            raise ValueError(f"expected a deployment with a challenger {number}, got the model of the settings")
        challengers = self.deployment.challengers
        return replace(
            self,
            ensemble=self.ensemble.without(number),
            writers=self.writers[:number] + self.writers[number + 1 :],
            deployment=replace(self.deployment, challengers=challengers[: number - 1] + challengers[number:]),
        )

    @classmethod
    def load(cls, config: JobConfig, registry: SchemaRegistry, deployment: Deployment) -> Serving:
        """Load what a deployment names; see `ServedModels.load` for what is refused."""
        return cls.of(config, registry, ServedModels.load(deployment, time.perf_counter), deployment)

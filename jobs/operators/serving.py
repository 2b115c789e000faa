from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

from jobs.job_config import JobConfig
from jobs.operators.inference_log import InferenceLog
from jobs.operators.outputs import Outputs
from models.drift.observer import Observer
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
        """Return the desk of a model."""
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
    panel : Panel
    desks : tuple of Desk
        Of each of the panel's models.
    observer : Observer
        Of the drift signals, against what the champion knew in training.
    deployment : Deployment or None
        None for the model of the job's settings.
    """

    deployment_id: str
    panel: ServedModels
    desks: tuple[DecisionWriter, ...]
    observer: Observer
    deployment: Deployment | None = None

    @classmethod
    def of(
        cls, config: JobConfig, registry: SchemaRegistry, panel: ServedModels, deployment: Deployment | None = None
    ) -> Serving:
        """Return what serves by a panel; None: the model of the job's settings.

        Raises
        ------
        ArtifactError
            A model promises reasons that it has not.
        """
        desks = tuple(map(partial(DecisionWriter.of, config, registry), panel.models))
        deployed_ms = round(deployment.changed_at.timestamp() * 1000) if deployment else 0
        observer = Observer(panel.models[0].manifest, shards=config.shards, deployed_ms=deployed_ms)
        deployment_id = deployment.deployment_id if deployment else ""
        return cls(deployment_id=deployment_id, panel=panel, desks=desks, observer=observer, deployment=deployment)

    def without(self, number: int) -> Serving:
        """Return what serves without one of the challengers, which are numbered from 1 on."""
        if self.deployment is None:
            raise ValueError(f"expected a deployment with a challenger {number}, got the model of the settings")
        challengers = self.deployment.challengers
        return replace(
            self,
            panel=self.panel.without(number),
            desks=self.desks[:number] + self.desks[number + 1 :],
            deployment=replace(self.deployment, challengers=challengers[: number - 1] + challengers[number:]),
        )

    @classmethod
    def load(cls, config: JobConfig, registry: SchemaRegistry, deployment: Deployment) -> Serving:
        """Load what a deployment names; see `ServedModels.load` for what is refused."""
        return cls.of(config, registry, ServedModels.load(deployment, time.perf_counter), deployment)

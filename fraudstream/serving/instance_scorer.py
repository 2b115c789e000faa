"""Scoring of items with the models of the job, without its state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fraudstream.readers.reason_summary import strength, summary
from fraudstream.serving.feature_source import FeatureSource, Found
from fraudstream.serving.instance import Instance, InstanceError, parse_instance
from fraudstream.system.failures import RuntimeFailure
from models.features.risk import RiskTable
from models.features.table import FEATURE_NAMES, RISK_SOURCES
from models.scoring.artifact import Manifest, load_artifact
from models.scoring.decision import Decision
from models.scoring.loaded_model import LoadedModel
from models.scoring.reason import Reason
from models.scoring.reason_finder import ReasonFinder
from models.scoring.served_models import ServedModels

IDS = ("transaction_id", "customer_id")
"""Fields that an answer repeats."""

Failure = InstanceError | RuntimeFailure
"""An item that can't be scored at all, or not now."""


@dataclass(frozen=True, kw_only=True)
class ScoredInstance:
    """Score of an item.

    Parameters
    ----------
    ids : dict
        `IDS` that the item has.
    score : float
        A float32 value.
    reasons : list of dict
        Reasons of REVIEW and BLOCK, as the alert would have them.
    """

    ids: dict[str, Any]
    score: float
    decision: Decision
    model_id: str
    reasons: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the item of an answer."""
        return {
            **self.ids,
            "score": self.score,
            "decision": self.decision.name,
            "model_id": self.model_id,
            "reasons": self.reasons,
        }


class InstanceScorer:
    """Scores items by a model, as the job's champion would score the same features.

    Parameters
    ----------
    model : LoadedModel
        Model that passed its self-test.
    source : FeatureSource
        Online store for items without features.
    """

    def __init__(self, model: LoadedModel, source: FeatureSource) -> None:
        self._served, self._source = ServedModels(models=(model,)), source
        self._reasons = ReasonFinder(model.artifact)
        self._risks = dict(zip(RISK_SOURCES, (model.artifact.category_risk, model.artifact.type_risk), strict=True))

    @classmethod
    def load(cls, folder: Path, source: FeatureSource) -> InstanceScorer:
        """Load the artifact of a folder.

        Raises
        ------
        ArtifactError
            It can't serve, or scores here otherwise than where it was trained.
        """
        return cls(LoadedModel.of(load_artifact(folder)), source)

    @property
    def manifest(self) -> Manifest:
        """The model's manifest."""
        return self._served.champion.manifest

    def parse(self, value: Any) -> Instance:
        """Return an item from its JSON value, see `parse_instance`."""
        return parse_instance(value, self.manifest.width)

    def score(self, instances: Sequence[Instance]) -> list[ScoredInstance | Failure]:
        """Return the score of each item, or the failure to get its features."""
        rows = self._rows(instances)
        answers: list[ScoredInstance | Failure] = []
        found = [row for row in rows if isinstance(row, np.ndarray)]
        scores = iter(self._scores(found))
        for instance, row in zip(instances, rows, strict=True):
            answers.append(self._scored(instance, row, *next(scores)) if isinstance(row, np.ndarray) else row)
        return answers

    def _rows(self, instances: Sequence[Instance]) -> list[Found]:
        """Return the features of each item: its own, or those of the online store with this model's fraud rates."""
        asked = [item.transaction for item in instances if item.features is None and item.transaction is not None]
        answers = iter(self._source.find(asked, self.manifest.width) if asked else ())
        return [
            item.features if item.features is not None else self._with_own_risks(item, next(answers))
            for item in instances
        ]

    def _with_own_risks(self, item: Instance, found: Found) -> Found:
        if isinstance(found, np.ndarray):
            found = found.copy()
            for feature, source in RISK_SOURCES.items():
                found[FEATURE_NAMES.index(feature)] = _rate(self._risks[feature], item.fields[source])
        return found

    def _scores(self, rows: Sequence[NDArray[np.float32]]) -> list[tuple[float, int]]:
        if not rows:
            return []
        scores = self._served.champion_scores(np.stack([row[: self.manifest.width] for row in rows]))
        return list(zip(scores.tolist(), self._served.decide(scores, None).tolist(), strict=True))

    def _scored(self, instance: Instance, row: NDArray[np.float32], score: float, decision: int) -> ScoredInstance:
        reasons: list[dict[str, Any]] = []
        if decision != Decision.APPROVE:
            features = dict(zip(FEATURE_NAMES, row.tolist(), strict=False))
            reasons = [_reason(reason, instance.currency, features) for reason in self._reasons.find(row)]
        return ScoredInstance(
            ids={name: instance.fields[name] for name in IDS if name in instance.fields},
            score=score,
            decision=Decision(decision),
            model_id=self.manifest.model_id,
            reasons=reasons,
        )


def _rate(table: RiskTable, category: str) -> float:
    return float(table.of(pa.array([category], pa.string()))[0])


def _reason(reason: Reason, currency: str | None, features: dict[str, float]) -> dict[str, Any]:
    """Return a reason as the API has it; amounts can be put in words where the currency is known."""
    found = {
        "code": reason.code.value,
        "text": reason.code.text,
        "feature": reason.feature,
        "value": reason.value,
        "usual": reason.usual,
        "contribution": reason.contribution,
    }
    words = {} if currency is None else {"summary": summary(found, currency, features)}
    return {**found, **words, "strength": strength(reason.contribution)}

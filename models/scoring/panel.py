from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.risk import RiskTable
from models.features.table import FEATURE_NAMES
from models.scoring.artifact import Manifest
from models.scoring.customer_share import deciders
from models.scoring.decision import decide
from models.scoring.loaded_model import LoadedModel, load_model
from schemas.deployment import Deployment

_RISKS = (("category_risk", "merchant_category"), ("type_risk", "transaction_type"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Opinion:
    """What a challenger makes of n transactions.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        The features as it knows them: fraud rates by category are each model's own.
    scores : ndarray of float32, (n,)
    """

    x: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What a panel makes of n transactions.

    Parameters
    ----------
    scores : ndarray of float32, (n,)
        Of the model that decides for each.
    deciders : ndarray of int8, (n,), or None
        Which that is, see `customer_share.deciders`; None: the champion for all.
    champion : ndarray of float32, (n,)
        The champion's scores.
    opinions : tuple of Opinion
        Of each challenger.
    """

    scores: NDArray[np.float32]
    deciders: NDArray[np.int8] | None
    champion: NDArray[np.float32]
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """The models that look at every transaction: the champion, and challengers that may decide for some customers.

    Parameters
    ----------
    models : tuple of LoadedModel
        The champion, then the challengers.
    shares : tuple of float
        Of the customers, one for each challenger.
    """

    models: tuple[LoadedModel, ...]
    shares: tuple[float, ...] = ()

    @classmethod
    def load(cls, deployment: Deployment) -> Panel:
        """Load what a deployment names.

        Raises
        ------
        ArtifactError
            One of its models can't serve, see `load_model`.
        """
        return cls(
            models=tuple(map(load_model, (deployment.champion, *deployment.challengers))),
            shares=tuple(challenger.share for challenger in deployment.challengers),
        )

    @property
    def champion(self) -> LoadedModel:
        """The model that decides unless a challenger does."""
        return self.models[0]

    @cached_property
    def _claims(self) -> list[tuple[str, float]]:
        names = (model.manifest.model_id for model in self.models[1:])
        return list(zip(names, self.shares, strict=True))

    @cached_property
    def _risks(self) -> list[tuple[RiskTable, RiskTable] | None]:
        """For each challenger its fraud rates, None where they are the champion's."""
        own = [(model.artifact.category_risk, model.artifact.type_risk) for model in self.models]
        return [None if risks == own[0] else risks for risks in own[1:]]

    def judge(self, records: pa.RecordBatch, x: NDArray[np.float32]) -> Verdict:
        """Score n transactions.

        Parameters
        ----------
        records : pyarrow.RecordBatch of TRANSACTION_ARROW, n rows
        x : ndarray of float32, (n, F)
            Their features, with the champion's fraud rates.
        """
        champion = self.champion.onnx.score(x)
        if len(self.models) == 1:
            return Verdict(scores=champion, deciders=None, champion=champion, opinions=())
        opinions = tuple(
            self._opinion(model, risks, records, x) for model, risks in zip(self.models[1:], self._risks, strict=True)
        )
        if not any(self.shares):
            return Verdict(scores=champion, deciders=None, champion=champion, opinions=opinions)
        by = deciders(records.column("customer_id"), self._claims)
        scores = champion.copy()
        for number, opinion in enumerate(opinions, 1):
            scores[by == number] = opinion.scores[by == number]
        return Verdict(scores=scores, deciders=by, champion=champion, opinions=opinions)

    def decide(self, scores: NDArray[np.float32], by: NDArray[np.int8] | None) -> NDArray[np.uint8]:
        """Return the decisions on n scores, each by the thresholds of the model that decides."""
        if by is None:
            return decided(self.champion.manifest, scores)
        decisions = np.empty(len(scores), np.uint8)
        for number, model in enumerate(self.models):
            decisions[by == number] = decided(model.manifest, scores[by == number])
        return decisions

    @staticmethod
    def _opinion(
        model: LoadedModel,
        risks: tuple[RiskTable, RiskTable] | None,
        records: pa.RecordBatch,
        x: NDArray[np.float32],
    ) -> Opinion:
        if risks:
            x = x.copy()
            for (feature, column), table in zip(_RISKS, risks, strict=True):
                x[:, FEATURE_NAMES.index(feature)] = table.of(records.column(column))
        return Opinion(x=x, scores=model.onnx.score(x))


def decided(manifest: Manifest, scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return what a model by its own thresholds decides on n scores."""
    return decide(scores, manifest.review_threshold, manifest.block_threshold)

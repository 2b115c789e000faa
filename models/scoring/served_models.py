"""Champion and challengers of the job, and their scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.risk import RiskTable
from models.features.row_columns import RowColumns, width_with
from models.features.table import FEATURE_NAMES, RISK_SOURCES
from models.scoring.artifact import Manifest
from models.scoring.customer_share import deciding_model
from models.scoring.decision import decide
from models.scoring.loaded_model import LoadedModel, load_model
from schemas.deployment import Deployment
from schemas.row_selection import Rows

Clock = Callable[[], float]
OwnTables = tuple[RiskTable, RiskTable, RowColumns | None]
"""Fraud rates by category and by type, and declared columns, which each model has of its own."""


class ChampionError(ValueError):
    """The champion failed or returned something other than probabilities."""


class ChallengerError(ValueError):
    """A challenger failed or returned something other than probabilities.

    Parameters
    ----------
    number : int
        Number of the challenger, from 1 on.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True, kw_only=True, eq=False)
class ChallengerScores:
    """Scores of n transactions by a challenger.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        Features as the model gets them: fraud rates by category are each model's own.
    scores : ndarray of float32, (n,)
    """

    x: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class EnsembleScores:
    """Scores of n transactions by the served models.

    Parameters
    ----------
    scores : ndarray of float32, (n,)
        Score of the deciding model of each.
    deciding_model : ndarray of int8, (n,), or None
        Number of the deciding model, see `customer_share.deciding_model`; None: the champion for all.
    champion : ndarray of float32, (n,)
        The champion's scores.
    seconds : tuple of float
        Time of the champion, then of each challenger; empty where it is not measured.
    """

    scores: NDArray[np.float32]
    deciding_model: NDArray[np.int8] | None
    champion: NDArray[np.float32]
    challenger_scores: tuple[ChallengerScores, ...]
    seconds: tuple[float, ...] = ()

    def part(self, rows: slice | Rows) -> EnsembleScores:
        """Return the scores of some rows, without times."""
        return EnsembleScores(
            scores=self.scores[rows],
            deciding_model=None if self.deciding_model is None else self.deciding_model[rows],
            champion=self.champion[rows],
            challenger_scores=tuple(
                ChallengerScores(x=scored.x[rows], scores=scored.scores[rows]) for scored in self.challenger_scores
            ),
        )

    def put(self, rows: Rows, other: EnsembleScores) -> None:
        """Replace the scores of some rows, in arrays that nothing else shares."""
        self.scores[rows], self.champion[rows] = other.scores, other.champion
        if self.deciding_model is not None and other.deciding_model is not None:
            self.deciding_model[rows] = other.deciding_model
        for challenger, others in zip(self.challenger_scores, other.challenger_scores, strict=True):
            challenger.x[rows], challenger.scores[rows] = others.x, others.scores


@dataclass(frozen=True, kw_only=True, eq=False)
class ServedModels:
    """Models that score every transaction: the champion, and challengers that may decide for a share of the customers.

    Parameters
    ----------
    models : tuple of LoadedModel
        The champion, then the challengers.
    shares : tuple of float
        Share of the customers, one for each challenger.
    clock : callable, optional
        Monotonic clock in seconds: the time of each model is measured where there are challengers.
    """

    models: tuple[LoadedModel, ...]
    shares: tuple[float, ...] = ()
    clock: Clock | None = None

    @classmethod
    def load(cls, deployment: Deployment, clock: Clock | None = None) -> ServedModels:
        """Load the models of a deployment.

        Raises
        ------
        ArtifactError
            A model can't serve, see `load_model`.
        """
        return cls(
            models=tuple(map(load_model, (deployment.champion, *deployment.challengers))),
            shares=tuple(challenger.share for challenger in deployment.challengers),
            clock=clock,
        )

    def without(self, number: int) -> ServedModels:
        """Return the models without one challenger; challengers are numbered from 1 on."""
        return replace(
            self,
            models=self.models[:number] + self.models[number + 1 :],
            shares=self.shares[: number - 1] + self.shares[number:],
        )

    @property
    def champion(self) -> LoadedModel:
        """Model that decides where no challenger does."""
        return self.models[0]

    @cached_property
    def _claims(self) -> list[tuple[str, float]]:
        names = (model.manifest.model_id for model in self.models[1:])
        return list(zip(names, self.shares, strict=True))

    @cached_property
    def _tables(self) -> list[OwnTables | None]:
        """Fraud rates and declared columns of each challenger, None where they equal the champion's."""
        own = [(model.artifact.category_risk, model.artifact.type_risk, model.artifact.row_columns)
               for model in self.models]  # fmt: skip
        return [None if tables == own[0] else tables for tables in own[1:]]

    def score(
        self, records: pa.RecordBatch, x: NDArray[np.float32], declared_x: NDArray[np.float32] | None = None
    ) -> EnsembleScores:
        """Score n transactions.

        Parameters
        ----------
        records : pyarrow.RecordBatch of TRANSACTION_ARROW, n rows
        x : ndarray of float32, (n, F)
            Their features, with the champion's fraud rates.
        declared_x : ndarray of float32, (n, D), or None
            Declared aggregates; None: they are missing.

        Raises
        ------
        ChampionError, ChallengerError
            The first model that failed or returned something other than probabilities.
        """
        if len(self.models) == 1:
            champion = self.champion_scores(x)
            return EnsembleScores(scores=champion, deciding_model=None, champion=champion, challenger_scores=())
        times = [self._now()]
        champion = self.champion_scores(x)
        times.append(self._now())
        challenger_scores = []
        for number in range(1, len(self.models)):
            challenger_scores.append(self._challenger_scores(number, records, x, declared_x))
            times.append(self._now())
        seconds = tuple(np.diff(times).tolist()) if self.clock else ()
        return replace(self._decided(records, champion, tuple(challenger_scores)), seconds=seconds)

    def _decided(
        self, records: pa.RecordBatch, champion: NDArray[np.float32], challenger_scores: tuple[ChallengerScores, ...]
    ) -> EnsembleScores:
        if not any(self.shares):
            return EnsembleScores(
                scores=champion, deciding_model=None, champion=champion, challenger_scores=challenger_scores
            )
        by = deciding_model(records.column("customer_id"), self._claims)
        scores = champion.copy()
        for number, challenger in enumerate(challenger_scores, 1):
            scores[by == number] = challenger.scores[by == number]
        return EnsembleScores(scores=scores, deciding_model=by, champion=champion, challenger_scores=challenger_scores)

    def decide(self, scores: NDArray[np.float32], by: NDArray[np.int8] | None) -> NDArray[np.uint8]:
        """Return the decisions on n scores, by the thresholds of each deciding model."""
        if by is None:
            return decided(self.champion.manifest, scores)
        decisions = np.empty(len(scores), np.uint8)
        for number, model in enumerate(self.models):
            decisions[by == number] = decided(model.manifest, scores[by == number])
        return decisions

    def _now(self) -> float:
        return self.clock() if self.clock else 0.0

    def champion_scores(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the champion's scores of n rows of features.

        Raises
        ------
        ChampionError
        """
        try:
            return probabilities(self.champion, x)
        except Exception as error:
            raise ChampionError(f"model {self.champion.manifest.model_id}: {_text(error)}") from error

    def _challenger_scores(
        self, number: int, records: pa.RecordBatch, x: NDArray[np.float32], declared_x: NDArray[np.float32] | None
    ) -> ChallengerScores:
        model = self.models[number]
        try:
            return self._scored_by(model, self._tables[number - 1], records, x, declared_x)
        except Exception as error:
            raise ChallengerError(number, f"challenger {model.manifest.model_id}: {_text(error)}") from error

    @staticmethod
    def _scored_by(
        model: LoadedModel,
        tables: OwnTables | None,
        records: pa.RecordBatch,
        x: NDArray[np.float32],
        declared_x: NDArray[np.float32] | None,
    ) -> ChallengerScores:
        if tables:
            *risks, row_columns = tables
            own = np.empty((len(x), width_with(row_columns)), np.float32)
            own[:, : len(FEATURE_NAMES)] = x[:, : len(FEATURE_NAMES)]
            for (feature, column), table in zip(RISK_SOURCES.items(), risks, strict=True):
                own[:, FEATURE_NAMES.index(feature)] = table.of(records.column(column))
            if row_columns is not None:
                row_columns.write(records, own, declared_x)
            x = own
        return ChallengerScores(x=x, scores=probabilities(model, x))


def probabilities(model: LoadedModel, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a model's scores of n rows, each a probability.

    Raises
    ------
    ValueError
        A score is not a probability. Errors of the model pass through.
    """
    scores = model.onnx.score(x)
    # Of a NaN both are NaN, which compares false.
    if scores.shape != (len(x),) or not (scores.min(initial=0) >= 0 and scores.max(initial=0) <= 1):
        bad = scores[~((scores >= 0) & (scores <= 1))][:1].tolist() if scores.shape == (len(x),) else scores.shape
        raise ValueError(f"expected {len(x)} probabilities, got {bad} among them")
    return scores


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def decided(manifest: Manifest, scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the decisions on n scores by the thresholds of a model."""
    return decide(scores, manifest.review_threshold, manifest.block_threshold)

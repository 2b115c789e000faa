"""Scoring of some transactions, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.common import Row

from jobs.operators.settled import NOT_OF_DATA
from models.features.entities.entity_inputs import EntityInputs
from models.rules.ruling import NONE_FIRED, Ruling
from models.scoring.served_models import ChallengerError, ChampionError
from models.scoring.transaction_scorer import ScoredBatch
from schemas.row_selection import Rows, records_of
from schemas.validation import event_time_ms

if TYPE_CHECKING:
    from jobs.operators.serving import Serving
    from jobs.operators.shard_rules import ShardRules
    from jobs.operators.shard_scorer import ShardScorer
    from models.drift.signal_part import SignalPart


class Stage(Enum):
    """Stages of scoring, in order."""

    FEATURES = auto()
    MODELS = auto()
    ANSWER = auto()
    RULES = auto()
    RECORDS = auto()
    DRIFT = auto()


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoringInput:
    """n decoded transactions of a shard.

    Parameters
    ----------
    records : pyarrow.RecordBatch of TRANSACTION_ARROW
    entities : EntityInputs
        Features of their merchants and devices.
    positions : ndarray of int64, (n,)
        Position of each, see `schemas.position`.
    unfinished : bytes or None
        The drift signals' unfinished observation.
    now_ms : int
        Wall clock, milliseconds since 1970.
    """

    records: pa.RecordBatch
    entities: EntityInputs
    positions: NDArray[np.int64]
    unfinished: bytes | None
    now_ms: int

    def __len__(self) -> int:
        return len(self.positions)

    def of(self, rows: Rows, unfinished: bytes | None) -> ScoringInput:
        """Return some rows, with the unfinished observation before them."""
        return ScoringInput(
            records=records_of(self.records, rows),
            entities=self.entities.take(rows),
            positions=self.positions[rows],
            unfinished=unfinished,
            now_ms=self.now_ms,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Outcome of scoring some transactions, before anything is stored or emitted.

    Parameters
    ----------
    serving : Serving
        Models that scored them.
    scored : ScoredBatch
        By the models alone.
    ruled : ScoredBatch
        With the rules.
    ruling : Ruling or None
    rows : list of Row
        TOPIC_BATCHes.
    unfinished : bytes
        The drift signals' unfinished observation.
    observed : list of (str, SignalPart)
        Parts of observations that are due.
    newest_ms : int
        The newest event time.
    """

    serving: Serving
    scored: ScoredBatch
    ruled: ScoredBatch
    ruling: Ruling | None
    rows: list[Row]
    unfinished: bytes
    observed: list[tuple[str, SignalPart]]
    newest_ms: int


class ScoringRun:
    """Scoring of n transactions with the models and rules in service; a stage that fails can be retried on some.

    In memory alone: `ShardScorer.keep` or `ShardScorer.revert` them next.

    Parameters
    ----------
    shard : ShardScorer
    serving : Serving
    rules : ShardRules
    given : ScoringInput

    Attributes
    ----------
    stage : Stage
        The last one that began.
    error : Exception or None
        Its error.
    part : Part
        Outcome, where no stage failed.
    """

    part: Part
    error: Exception | None

    def __init__(self, shard: ShardScorer, serving: Serving, rules: ShardRules, given: ScoringInput) -> None:
        self.given, self.error, self.stage = given, None, Stage.FEATURES
        self.serving, self._shard, self._rules = serving, shard, rules

    def finish(self) -> None:
        """Run all stages, up to one that raises: ``error`` is set then, else ``part``.

        Raises
        ------
        StateAccessError, HistoryVersionError, MemoryError
            No transaction is at fault.
        """
        try:
            self._to(Stage.RECORDS)
            rows = list(self.write(self._ruled, self._ruling, slice(None)))
            self.stage = Stage.DRIFT
            kept, observed = self._observe(slice(None))
        except NOT_OF_DATA:
            raise
        except Exception as error:
            self.error = error
            return
        self.part = Part(
            serving=self.serving,
            scored=self._scored,
            ruled=self._ruled,
            ruling=self._ruling,
            rows=rows,
            unfinished=kept,
            observed=observed,
            newest_ms=int(event_time_ms(self.given.records).max()),
        )

    def passes(self, stage: Stage) -> bool:
        """Return whether a stage does not fail, given what it needs of those before it; the rows are reverted."""
        try:
            self._to(stage)
            self._shard.revert(self.given.records)
            self.stage = stage
            self.retry(0, len(self.given))
        except NOT_OF_DATA:
            raise
        except Exception:
            return False
        finally:
            self._shard.revert(self.given.records)
        return True

    def left(self, rows: Rows, given: ScoringInput) -> ScoringRun:
        """Return a run of the remaining rows of this one, scored and to be finished.

        Only rows of the others' customers are scored again. These customers must have been reverted, and this run's
        models have scored all of its rows.

        Raises
        ------
        Exception
            A row that is scored again fails: revert all of them.
        """
        customers, scored = self._scored.customers, self._scored.part(rows)
        gone = {customers[row] for row in np.delete(np.arange(len(customers)), rows).tolist()}
        again = np.array([row for row, name in enumerate(scored.customers) if name in gone], np.int64)
        if len(again):
            redone = self._shard.score(records_of(given.records, again), given.entities.take(again))
            scored.put(again, redone)
        run = ScoringRun(self._shard, self.serving, self._rules, given)
        run._scored, run.stage = scored, Stage.RULES
        return run

    def retry(self, begin: int, end: int) -> None:
        """Run the stage that failed on some rows, once all are reverted; its result is discarded.

        Raises
        ------
        Exception
            The stage failed.
        """
        rows = slice(begin, end)
        match self.stage:
            case Stage.FEATURES | Stage.ANSWER:
                self._retry_features(rows)
            case Stage.MODELS:
                self._retry_models(rows)
            case Stage.RULES:
                self._rules.rule(
                    self._records(rows), self._scored.part(rows), self.given.entities.take(rows).declared_x
                )
            case Stage.RECORDS:
                list(self.write(self._ruled.part(rows), self._ruling and self._ruling.part(rows), rows))
            case Stage.DRIFT:
                self._observe(rows)
            case _:
                assert_never(self.stage)

    def write(self, scored: ScoredBatch, ruling: Ruling | None, rows: slice) -> Iterator[Any]:
        """Write decisions model by model: a customer has one deciding model, so its records stay in order.

        Parameters
        ----------
        scored : ScoredBatch
        ruling : Ruling or None
        rows : slice
            Rows of both.
        """
        records, positions, now_ms = self._records(rows), self.given.positions[rows], self.given.now_ms
        shard, known = self._shard.key, self._shard.label_offsets
        for number, chosen, part in scored.split_by_model():
            some, at, writer = records, positions, self.serving.writers[number]
            if chosen is not None:
                some, at = records.take(pa.array(chosen)), positions[chosen]
            fired = ruling.fired_in(chosen) if ruling else NONE_FIRED
            yield from writer.outputs.decisions(some, part, at, shard, known, now_ms, fired, self._rules.book_id)
            yield from writer.inference_log.sample(some, part, at, shard, known, now_ms)

    def _to(self, last: Stage) -> None:
        """Run the stages before one, from the current one on, and begin it."""
        records = self.given.records
        if self.stage is Stage.FEATURES and last is not self.stage:
            self._batch = self._shard.advance(records, self.given.entities)
            self.stage = Stage.MODELS
        if self.stage is Stage.MODELS and last is not self.stage:
            self._ensemble_scores = self.serving.ensemble.score(records, self._batch.x, self._batch.declared_x)
            self.stage = Stage.ANSWER
        if self.stage is Stage.ANSWER and last is not self.stage:
            self._scored = self._shard.answer(self._batch, self._ensemble_scores)
            self.stage = Stage.RULES
        if self.stage is Stage.RULES and last is not self.stage:
            # Challengers are compared, and drift is watched, by what the models decide alone.
            self._ruled, self._ruling = self._rules.rule(records, self._scored, self.given.entities.declared_x)
            self.stage = Stage.RECORDS

    def _records(self, rows: slice) -> pa.RecordBatch:
        begin, end, _ = rows.indices(len(self.given))
        whole = end - begin == len(self.given)
        return self.given.records if whole else self.given.records.slice(begin, end - begin)

    def _observe(self, rows: slice) -> tuple[bytes, list[tuple[str, SignalPart]]]:
        serving, given = self.serving, self.given
        alone = self._scored if rows == slice(None) else self._scored.part(rows)
        times_ms = event_time_ms(given.records)[rows]
        champion = serving.ensemble.champion.manifest
        return serving.observer.observe(given.unfinished, alone.by_champion(champion), times_ms, given.now_ms)

    def _retry_features(self, rows: slice) -> None:
        records, entities = self._records(rows), self.given.entities.take(rows)
        try:
            if self.stage is Stage.FEATURES:
                self._shard.advance(records, entities)
            else:
                self._shard.score(records, entities)
        finally:
            self._shard.revert(records)

    def _retry_models(self, rows: slice) -> None:
        ensemble, batch = self.serving.ensemble, self._batch
        x, declared_x = batch.x[rows], None if batch.declared_x is None else batch.declared_x[rows]
        if isinstance(self.error, ChampionError):
            ensemble.champion_scores(x)
            return
        try:
            ensemble.score(self._records(rows), x, declared_x)
        except ChallengerError:
            return  # not a record's fault: the challenger is removed where it fails for all of them

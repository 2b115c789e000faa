"""Scoring in which no single transaction fails a batch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyflink.common import Row

from jobs.operators.scoring_run import Part, ScoringInput, ScoringRun, Stage
from jobs.operators.settled import NOT_OF_DATA, internal
from models.features.entities.entity_inputs import EntityInputs
from models.scoring.decision import Decision
from models.scoring.served_models import ChallengerError, ChampionError
from schemas.culprit_search import CulpritSearch
from schemas.rejection import Reason, Rejection
from schemas.row_selection import Rows

if TYPE_CHECKING:
    from jobs.operators.shard_models import ShardModels
    from jobs.operators.shard_rules import ShardRules
    from jobs.operators.shard_scorer import ShardScorer

AFTER_MODELS = (Stage.RULES, Stage.RECORDS, Stage.DRIFT)

MAX_ROUNDS = 8
"""Searches in one batch, each at one stage, before the rest is scored row by row."""


@dataclass(kw_only=True, eq=False)
class Scored:
    """Outcome of a batch of n transactions.

    Attributes
    ----------
    parts : list of Part
        From first to last; a single one where no transaction failed.
    rejections : list of Rejection
        Transactions that make the job fail, by their rows among the n.
    events : list of Row
        TOPIC_BATCHes on models that failed.
    counted : int
        Transactions that count already as scored by the champion, though no part has them yet.
    """

    parts: list[Part] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    counted: int = 0


class GuardedScoring:
    """Scoring, rules and records of a shard's transactions; a transaction that makes them fail is rejected.

    Nothing is stored or emitted before the outcome is known. Where a batch fails, the stage that failed is retried on
    groups of its transactions until each culprit is found, and the others go through all stages again, see
    `CulpritSearch`. Where that is inconclusive, each transaction is scored by itself. A challenger that fails is
    removed, and a champion that fails for more than a single transaction is replaced by the models before it, see
    `ShardModels`.

    Parameters
    ----------
    shard : ShardScorer
    models : ShardModels
    rules : ShardRules
    plain : pyarrow.RecordBatch
        A valid transaction: where it fails too, no transaction is at fault.
    """

    def __init__(self, shard: ShardScorer, models: ShardModels, rules: ShardRules, plain: pa.RecordBatch) -> None:
        self._shard, self._models, self._rules, self._plain = shard, models, rules, plain
        self._search = CulpritSearch(NOT_OF_DATA)

    def score(self, given: ScoringInput) -> Scored:
        """Score n transactions, 1 at least.

        Raises
        ------
        Exception
            The error of a transaction, where a valid one fails too.
        """
        found = Scored()
        run = self._with_sound_models(given, found.events)
        if run.error is None:
            self._keep(run.part, found)
            return found
        first = run.error
        culprits = self._sift(given, run, found)
        found.rejections += [Rejection(row, Reason.INTERNAL, internal(error)) for row, error in culprits.items()]
        found.rejections.sort(key=lambda item: item.row)
        if not found.parts:
            self._require_plain(self._plain_in(given), found.events, first)
        return found

    def _sift(self, given: ScoringInput, run: ScoringRun, found: Scored) -> dict[int, BaseException]:
        """Score all but the culprits, and return these with their errors; ``run`` failed for all of them."""
        rows, culprits = np.arange(len(given)), dict[int, BaseException]()
        for _ in range(MAX_ROUNDS):
            failed = self._found_by(run, found)
            if not failed and run.serving is self._models.serving:
                break
            now = {int(rows[row]): error for row, error in failed.items()}
            still = self._reconfirmed(culprits, now, given)
            as_before, culprits = len(still) == len(culprits), still | now
            rows = np.delete(np.arange(len(given)), list(culprits))
            if not len(rows):
                self._shard.revert(run.given.records)
                return culprits
            left = np.delete(np.arange(len(run.given)), list(failed)) if as_before else None
            run = self._without(run, left, given.of(rows, given.unfinished), found.events)
            if run.error is None:
                self._keep(run.part, found)
                return culprits
        self._shard.revert(run.given.records)
        return culprits | self._one_by_one(given, rows, found)

    def _without(self, run: ScoringRun, left: Rows | None, given: ScoringInput, events: list[Row]) -> ScoringRun:
        """Score the rest of a run that failed, again only as far as needed; ``left`` None: more than its rows."""
        if left is not None and run.stage in AFTER_MODELS:
            try:
                rest = run.left(left, given)
            except NOT_OF_DATA:
                raise
            except Exception:
                rest = None
            if rest is not None:
                rest.finish()
                return rest
        self._shard.revert(run.given.records)
        return self._with_sound_models(given, events)

    def _found_by(self, run: ScoringRun, outcome: Scored) -> dict[int, BaseException]:
        """Return the culprits at the stage that failed; none where trying it on groups of rows is inconclusive."""
        count, error = len(run.given), run.error
        if run.stage not in AFTER_MODELS:
            self._shard.revert(run.given.records)
        if count == 1 and error is not None:
            return {0: error}
        found = self._search.find(count, run.retry)
        if not found or (len(found) == count and not self._plain_passes(run)):
            return {}
        if isinstance(error, ChampionError):
            self._count(count - len(found), outcome)
            if self._models.must_fall_back(len(found)):
                outcome.events += self._models.fall_back(str(error), run.given.now_ms)
                outcome.counted = 0
                return {}
        if run.stage in AFTER_MODELS:
            self._shard.revert(run.given.of(np.array(list(found)), None).records)
        return found if run.stage is Stage.FEATURES else self._confirmed(found, run.given)

    def _confirmed(self, found: dict[int, BaseException], given: ScoringInput) -> dict[int, BaseException]:
        """Return those culprits that also fail without the earlier ones of the same customer."""
        first: dict[str, int] = {}
        customers = given.records.column("customer_id").take(pa.array(list(found))).to_pylist()
        doubtful = {
            row for row, customer in zip(found, customers, strict=True) if first.setdefault(customer, row) != row
        }
        return {row: error for row, error in found.items() if row not in doubtful or self._fails(row, given)}

    def _reconfirmed(
        self, culprits: dict[int, BaseException], now: dict[int, BaseException], given: ScoringInput
    ) -> dict[int, BaseException]:
        """Return those culprits that also fail without the earlier ones of the same customer that are found now."""
        if not culprits or not now:
            return culprits
        customers = given.records.column("customer_id")
        first: dict[str, int] = {}
        for row in sorted(now):
            first.setdefault(customers[row].as_py(), row)
        return {
            row: error
            for row, error in culprits.items()
            if row <= first.get(customers[row].as_py(), row) or self._fails(row, given)
        }

    def _fails(self, row: int, given: ScoringInput) -> bool:
        """Return whether a transaction fails alone, given the stored history of its customer."""
        alone = given.of(np.array([row]), given.unfinished)
        run = self._run(alone)
        run.finish()
        self._shard.revert(alone.records)
        return run.error is not None and not isinstance(run.error, ChallengerError)

    def _one_by_one(self, given: ScoringInput, rows: Rows, found: Scored) -> dict[int, BaseException]:
        """Score some rows each by itself; return those that fail, with what they raised."""
        culprits: dict[int, BaseException] = {}
        for row in rows.tolist():
            alone = given.of(np.array([row]), found.parts[-1].unfinished if found.parts else given.unfinished)
            run = self._with_sound_models(alone, found.events)
            if run.error is None:
                self._keep(run.part, found)
            else:
                self._shard.revert(alone.records)
                culprits[row] = run.error
        return culprits

    def _keep(self, part: Part, found: Scored) -> None:
        self._shard.keep(part.scored)
        found.parts.append(part)
        self._count(len(part.scored.customers), found)
        found.counted = 0

    def _count(self, scored: int, outcome: Scored) -> None:
        """Count transactions that the champion scores, each once."""
        self._models.champion_scored(max(0, scored - outcome.counted))
        outcome.counted = max(scored, outcome.counted)

    def _run(self, given: ScoringInput) -> ScoringRun:
        return ScoringRun(self._shard, self._models.serving, self._rules, given)

    def _with_sound_models(self, given: ScoringInput, events: list[Row]) -> ScoringRun:
        """Score some transactions, and again without each model that fails; the last run may have an error."""
        while True:
            run = self._run(given)
            run.finish()
            error = run.error
            if isinstance(error, ChallengerError):
                self._shard.revert(given.records)
                events += self._models.remove(error.number, str(error), given.now_ms)
            elif isinstance(error, ChampionError) and len(given) == 1 and self._models.must_fall_back(1):
                self._shard.revert(given.records)
                events += self._models.fall_back(str(error), given.now_ms)
            else:
                return run

    def _plain_passes(self, run: ScoringRun) -> bool:
        """Return whether a plain transaction passes the stage that a batch failed."""
        return self._run(self._plain_in(run.given)).passes(run.stage)

    def _plain_in(self, given: ScoringInput) -> ScoringInput:
        return replace(given, records=self._plain, entities=EntityInputs.missing(1), positions=np.zeros(1, np.int64))

    def _require_plain(self, plain: ScoringInput, events: list[Row], cause: Exception) -> None:
        """Raise the error of a whole batch, unless a plain transaction passes, alert and reasons included."""
        run = self._with_sound_models(plain, events)
        try:
            passes = run.error is None and self._writes_alerts(run)
        finally:
            self._shard.revert(self._plain)
        if not passes:
            raise cause

    @staticmethod
    def _writes_alerts(run: ScoringRun) -> bool:
        alerted = replace(run.part.scored, decisions=np.full(len(run.given), Decision.BLOCK, np.uint8))
        try:
            list(run.write(alerted, None, slice(None)))
        except Exception:
            return False
        return True

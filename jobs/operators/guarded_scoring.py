from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyflink.common import Row

from jobs.operators.settled import internal, settled
from models.rules.ruling import NONE_FIRED, Ruling
from models.scoring.decision import Decision
from models.scoring.panel import ChallengerError, ChampionError
from models.scoring.transaction_scorer import ScoredBatch
from schemas.rejection import Reason, Rejection
from schemas.validation import event_time_ms

if TYPE_CHECKING:
    from jobs.operators.serving import Serving
    from jobs.operators.shard_models import ShardModels
    from jobs.operators.shard_rules import ShardRules
    from jobs.operators.shard_scorer import ShardScorer
    from models.drift.signal_part import SignalPart


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """All that is made of some transactions, before anything of it is stored or emitted.

    Parameters
    ----------
    serving : Serving
        What scored them.
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


@dataclass(kw_only=True, eq=False)
class Scored:
    """Outcome of a batch of n transactions.

    Attributes
    ----------
    parts : list of Part
        In order; one where none failed.
    rejections : list of Rejection
        Transactions that make the job fail, by their rows among the n.
    events : list of Row
        TOPIC_BATCHes on models that failed.
    """

    parts: list[Part] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


class GuardedScoring:
    """Scores transactions of a shard, rules on them and writes it all down; one that makes that fail is set aside.

    Nothing is stored or emitted meanwhile. A challenger that fails is removed, and a champion that fails for more
    than a single transaction gives way to the models before it, see `ShardModels`.

    Parameters
    ----------
    shard : ShardScorer
    models : ShardModels
    rules : ShardRules
    plain : pyarrow.RecordBatch
        A transaction that nothing is wrong with: where it fails too, none is at fault.
    """

    def __init__(self, shard: ShardScorer, models: ShardModels, rules: ShardRules, plain: pa.RecordBatch) -> None:
        self._shard, self._models, self._rules, self._plain = shard, models, rules, plain

    def score(self, records: pa.RecordBatch, positions: list[int], unfinished: bytes | None, now_ms: int) -> Scored:
        """Score n transactions.

        Parameters
        ----------
        records : pyarrow.RecordBatch of TRANSACTION_ARROW, n rows, 1 at least
        positions : n of int
            Where each lay, see POSITION_SHIFT.
        unfinished : bytes or None
            The drift signals' unfinished observation.
        now_ms : int

        Raises
        ------
        Exception
            What a transaction raised, where a plain one fails too.
        """
        found = Scored()

        def attempt(rows: slice) -> Part:
            some = _taken(records, rows)
            before = found.parts[-1].unfinished if found.parts else unfinished
            return self._with_sound_models(some, positions[rows], before, now_ms, found.events)

        for rows, outcome in settled(len(records), attempt, lambda rows: self._shard.take_back(_taken(records, rows))):
            if isinstance(outcome, Exception):
                found.rejections.append(Rejection(rows.start, Reason.INTERNAL, internal(outcome)))
                last = outcome
            else:
                self._shard.keep(outcome.scored)
                found.parts.append(outcome)
                self._models.champion_scored(rows.stop - rows.start)
        if not found.parts:
            self._require_plain(unfinished, now_ms, found.events, last)
        return found

    def _with_sound_models(
        self, records: pa.RecordBatch, positions: list[int], unfinished: bytes | None, now_ms: int, events: list[Row]
    ) -> Part:
        """Attempt some transactions, again without each model that turns out to fail."""
        while True:
            try:
                return self._attempt(records, positions, unfinished, now_ms)
            except ChallengerError as error:
                self._shard.take_back(records)
                events += self._models.remove(error.number, str(error), now_ms)
            except ChampionError as error:
                if len(records) > 1 or not self._models.must_fall_back():
                    raise
                self._shard.take_back(records)
                events += self._models.fall_back(str(error), now_ms)

    def _attempt(self, records: pa.RecordBatch, positions: list[int], unfinished: bytes | None, now_ms: int) -> Part:
        serving = self._models.serving
        scored = self._shard.score(records)
        # Challengers are compared, and drift is watched, by what the models decide alone.
        ruled, ruling = self._rules.rule(records, scored)
        rows = list(self._write(serving, records, ruled, ruling, positions, now_ms))
        alone = scored.by_champion(serving.panel.champion.manifest)
        times_ms = event_time_ms(records)
        kept, observed = serving.observer.observe(unfinished, alone, times_ms, now_ms)
        return Part(
            serving=serving,
            scored=scored,
            ruled=ruled,
            ruling=ruling,
            rows=rows,
            unfinished=kept,
            observed=observed,
            newest_ms=int(times_ms.max()),
        )

    def _write(
        self,
        serving: Serving,
        records: pa.RecordBatch,
        scored: ScoredBatch,
        ruling: Ruling | None,
        positions: list[int],
        now_ms: int,
    ) -> Iterator[Any]:
        """Write what was decided, model by model: a customer has one that decides, so its records stay in order."""
        shard, known = self._shard.key, self._shard.label_offsets
        for number, rows, part in scored.by_decider():
            some, places, desk = records, positions, serving.desks[number]
            if rows is not None:
                some, places = records.take(pa.array(rows)), [positions[row] for row in rows.tolist()]
            fired = ruling.fired_in(rows) if ruling else NONE_FIRED
            yield from desk.outputs.decisions(some, part, shard, known, now_ms, fired, self._rules.book_id)
            yield from desk.inference_log.sample(some, part, places, shard, known, now_ms)

    def _require_plain(self, unfinished: bytes | None, now_ms: int, events: list[Row], cause: Exception) -> None:
        """Raise what a whole batch raised, unless a plain transaction comes through, alert and reasons included."""
        plain = self._plain
        try:
            part = self._with_sound_models(plain, [0], unfinished, now_ms, events)
            alerted = replace(part.scored, decisions=np.full(1, Decision.BLOCK, np.uint8))
            list(self._write(part.serving, plain, alerted, None, [0], now_ms))
        except Exception:
            raise cause from None
        finally:
            self._shard.take_back(plain)


def _taken(records: pa.RecordBatch, rows: slice) -> pa.RecordBatch:
    whole = rows.stop - rows.start == len(records)
    return records if whole else records.take(pa.array(range(rows.start, rows.stop), pa.int64()))

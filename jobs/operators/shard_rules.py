from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.rules.rule_batch import RuleBatch
from models.rules.ruling import Ruling

if TYPE_CHECKING:
    import pyarrow as pa

    from jobs.operators.counts import Counts
    from jobs.operators.model_reports import ModelReports
    from jobs.operators.rule_reader import ReadBook, RuleReader
    from jobs.operators.shard_state import ShardState
    from models.rules.rule_engine import RuleEngine
    from models.scoring.transaction_scorer import ScoredBatch


class ShardRules:
    """Which rule book one shard decides by, beside its models; each stands in the state, so a restart forgets none.

    A book that can't be followed is refused and told, and the former goes on. One of the state that this version
    can't follow any more is told too, and kept: until another one comes the models decide alone.

    Parameters
    ----------
    key : int
        Of the shard.
    state : ShardState
        With this shard's key current, now and at each call.
    reader : RuleReader
    reports : ModelReports
    counts : Counts
    """

    def __init__(self, key: int, state: ShardState, reader: RuleReader, reports: ModelReports, counts: Counts) -> None:
        self._key, self._state, self._reader = key, state, reader
        self._reports, self._counts = reports, counts
        self._engine: RuleEngine | None = None

    def begin(self, now_ms: int) -> Iterator[Any]:
        """Go on as the state says; yield TOPIC_BATCHes, as `order` does."""
        kept = self._state.rules.value()
        if kept is not None:
            yield from self._told(self._reader.read(kept), now_ms)

    def order(self, payload: bytes, now_ms: int) -> Iterator[Any]:
        """Follow a rule book of the control topic from the next batch on, or refuse it."""
        read = self._reader.read(payload)
        if read.engine is not None:
            self._state.rules.update(payload)
        yield from self._told(read, now_ms)

    def rule(self, records: pa.RecordBatch, scored: ScoredBatch) -> tuple[ScoredBatch, Ruling | None]:
        """Return a scored batch as the rules decide it, and how they came to it; as it was where there are none."""
        if self._engine is None:
            return scored, None
        ruling = self._engine.judge(RuleBatch(records, scored.x, scored.scores), scored.decisions)
        return replace(scored, decisions=ruling.decisions), ruling

    def count(self, ruling: Ruling | None) -> None:
        """Count what the rules did, once the ruling holds."""
        if self._engine is not None and ruling is not None:
            self._counts.ruled(self._engine.rules, ruling)

    def _told(self, read: ReadBook, now_ms: int) -> Iterator[Any]:
        yield self._reports.rules(self._key, read, now_ms)
        if read.engine is None:
            self._counts.rules_refused()
        else:
            self._engine = read.engine if read.engine.rules or read.engine.book.snoozes else None

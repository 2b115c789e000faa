"""Rules of one shard: rule books, snoozes, lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from models.declared.declared_rules import numbers_of_rules
from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.rules.ruling import Ruling
from schemas.customer_snooze import SNOOZE_PREFIX
from schemas.list_entry import LIST_PREFIX
from schemas.rule_book import RuleBook

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from jobs.operators.counts import Counts
    from jobs.operators.list_reader import ReadEntries
    from jobs.operators.model_reports import ModelReports
    from jobs.operators.rule_reader import ReadBook, RuleReader
    from jobs.operators.shard_lists import ShardLists
    from jobs.operators.shard_snoozes import ShardSnoozes
    from jobs.operators.shard_state import ShardState
    from models.declared.declared_features import DeclaredFeatures
    from models.scoring.transaction_scorer import ScoredBatch

NO_RECORDS: Mapping[str, bytes] = MappingProxyType({})


class ShardRules:
    """Rules of one shard: rule book, snoozes and lists; all of them are in the state, so that a restart loses none.

    A book is read in a thread, and is pending in the state until it was followed or refused. One that can't be followed
    is refused and reported, and the former one stays in force. One of the state that this version can't follow any more
    is reported too, and kept: until another one comes the models decide alone.

    Parameters
    ----------
    key : int
        Key of the shard.
    state : ShardState
        With this shard's key current, now and at each call.
    reader : RuleReader
    reports : ModelReports
    counts : Counts
    snoozes : ShardSnoozes
    lists : ShardLists
    time_zone : str
        IANA name of the zone of the rules' local times.
    declared : DeclaredFeatures or None
        Features of the job's declaration.
    """

    def __init__(
        self,
        key: int,
        state: ShardState,
        reader: RuleReader,
        reports: ModelReports,
        counts: Counts,
        snoozes: ShardSnoozes,
        lists: ShardLists,
        time_zone: str = "UTC",
        declared: DeclaredFeatures | None = None,
    ) -> None:
        self._key, self._state, self._reader, self._declared = key, state, reader, declared
        self._reports, self._counts, self._time_zone = reports, counts, time_zone
        self._snoozes, self._lists = snoozes, lists
        self._engine: RuleEngine | None = None
        self.book_id = ""
        """Id of the rule book in force; empty where there never was one."""
        self._request: Future[ReadBook] | None = None

    def begin(
        self, now_ms: int, first: bytes | None = None, first_records: Mapping[str, bytes] = NO_RECORDS
    ) -> Iterator[Any]:
        """Continue from the state; yield TOPIC_BATCHes, as `poll` does.

        Parameters
        ----------
        now_ms : int
        first : bytes or None
            The rule book to begin with where the state has none.
        first_records : mapping of str to bytes
            Other records of the control topic, by their keys, to begin with where there is no state.
        """
        if self._state.begun.value() is not None:
            first_records = NO_RECORDS
        self._state.begun.update(b"\x01")
        self._snoozes.begin(_under(SNOOZE_PREFIX, first_records))
        yield from self._entry_reports(self._lists.begin(_under(LIST_PREFIX, first_records)), now_ms)
        kept, wanted = self._state.rules.value(), self._state.pending_rules.value()
        if kept is None and wanted is None and first is not None:
            kept = first
            self._state.rules.update(first)
        if kept is not None:
            read = self._reader.awaited(kept)
            yield from self._follow(read, now_ms)
            if read.late and wanted is None:
                wanted = kept
                self._state.pending_rules.update(kept)
        if wanted is not None:
            self._request = self._reader.request(wanted)

    def apply(self, payload: bytes) -> None:
        """Apply a rule book: it is in force once it is read, in place of any that is pending."""
        self._state.pending_rules.update(payload)
        self._request = self._reader.request(payload)

    def snooze(self, customer_id: str, payload: bytes, now_ms: int) -> Iterator[Any]:
        """Follow a snooze, or refuse it; yield TOPIC_BATCHes that report it."""
        snooze_id, refusal = self._snoozes.apply(customer_id, payload)
        if refusal:
            self._counts.rules_refused()
        if refusal or snooze_id:
            yield self._reports.record(self._key, snooze_id, refusal, now_ms)

    def follow_entries(self, entries: ReadEntries, now_ms: int) -> Iterator[Any]:
        """Follow list entries, or refuse them; yield TOPIC_BATCHes that report it."""
        yield from self._entry_reports(self._lists.apply(entries), now_ms)

    def poll(self, now_ms: int) -> Iterator[Any]:
        """Follow a pending book that is read, or refuse it; yield TOPIC_BATCHes that report it."""
        if self._request is None or not self._request.done():
            return
        if self._request.cancelled():  # replaced by a newer one that has reached other shards only, so far
            self._request = self._reader.request(self._state.pending_rules.value())
            return
        read, self._request = self._request.result(), None
        if read.engine is not None:
            self._state.rules.update(self._state.pending_rules.value())
        self._state.pending_rules.clear()
        yield from self._follow(read, now_ms)

    def next_poll_ms(self, now_ms: int) -> int | None:
        """Return the latest time of the next `poll`, milliseconds since 1970; None where nothing is pending."""
        return None if self._request is None else now_ms

    def rule(
        self, records: pa.RecordBatch, scored: ScoredBatch, declared_x: NDArray[np.float32] | None = None
    ) -> tuple[ScoredBatch, Ruling | None]:
        """Return a scored batch with the rules' decisions, and their ruling; unchanged where there are no rules.

        Parameters
        ----------
        records : pyarrow.RecordBatch, n rows
        scored : ScoredBatch
        declared_x : ndarray of float32, (n, D), or None
            Declared features, see `EntityInputs`.
        """
        snoozed = self._snoozes.lookup
        if self._engine is None and snoozed is None:
            return scored, None
        lists = self._lists.tables
        further = numbers_of_rules(self._declared, declared_x)
        batch = RuleBatch(records, scored.x, scored.scores, self._time_zone, lists, further)
        if snoozed is not None or lists:
            newest_ms = int(batch.event_time_ms.max())
            self._snoozes.advance(newest_ms)
            self._lists.advance(newest_ms)
        ruling = (self._engine or _no_rules()).apply(batch, scored.decisions, snoozed)
        return replace(scored, decisions=ruling.decisions), ruling

    def count(self, ruling: Ruling | None) -> None:
        """Count the hits of the rules, once the ruling is final."""
        if self._engine is not None and ruling is not None:
            self._counts.ruled(self._engine.rules, ruling)

    def _entry_reports(self, answers: Mapping[str, str], now_ms: int) -> Iterator[Any]:
        for change_id, refusal in answers.items():
            if refusal:
                self._counts.rules_refused()
            yield self._reports.record(self._key, change_id, refusal, now_ms)

    def _follow(self, read: ReadBook, now_ms: int) -> Iterator[Any]:
        yield self._reports.rules(self._key, read, now_ms)
        if read.engine is None:
            self._counts.rules_refused()
        else:
            self.book_id = read.book_id
            self._engine = read.engine if read.engine.rules or read.engine.book.snoozes else None


@cache
def _no_rules() -> RuleEngine:
    return RuleEngine(RuleBook(book_id="", changed_at=datetime.fromtimestamp(0, UTC), changed_by="", reason=""))


def _under(prefix: str, records: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the records of one kind by their names, which are their keys without the kind's prefix."""
    return {key.removeprefix(prefix): payload for key, payload in records.items() if key.startswith(prefix)}

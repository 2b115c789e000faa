from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.rules.ruling import Ruling
from schemas.customer_snooze import SNOOZE_PREFIX
from schemas.list_entry import LIST_PREFIX
from schemas.rule_book import RuleBook

if TYPE_CHECKING:
    from concurrent.futures import Future

    import pyarrow as pa

    from jobs.operators.counts import Counts
    from jobs.operators.list_reader import ReadEntries
    from jobs.operators.model_reports import ModelReports
    from jobs.operators.rule_reader import ReadBook, RuleReader
    from jobs.operators.shard_lists import ShardLists
    from jobs.operators.shard_snoozes import ShardSnoozes
    from jobs.operators.shard_state import ShardState
    from models.scoring.transaction_scorer import ScoredBatch

NO_RECORDS: Mapping[str, bytes] = MappingProxyType({})


class ShardRules:
    """Which rule book one shard decides by, beside its models; each stands in the state, so a restart forgets none.

    A book is read in a thread, and stands in the state as wanted until it was followed or refused. One that can't be
    followed is refused and told, and the former goes on. One of the state that this version can't follow any more is
    told too, and kept: until another one comes the models decide alone.

    Parameters
    ----------
    key : int
        Of the shard.
    state : ShardState
        With this shard's key current, now and at each call.
    reader : RuleReader
    reports : ModelReports
    counts : Counts
    snoozes : ShardSnoozes
    lists : ShardLists
    time_zone : str
        IANA name of the zone of the rules' local times.
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
    ) -> None:
        self._key, self._state, self._reader = key, state, reader
        self._reports, self._counts, self._time_zone = reports, counts, time_zone
        self._snoozes, self._lists = snoozes, lists
        self._engine: RuleEngine | None = None
        self.book_id = ""
        """Rule book in force; empty where there never was one."""
        self._order: Future[ReadBook] | None = None

    def begin(
        self, now_ms: int, first: bytes | None = None, first_records: Mapping[str, bytes] = NO_RECORDS
    ) -> Iterator[Any]:
        """Go on as the state says; yield TOPIC_BATCHes, as `look` does.

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
        yield from self._entries_told(self._lists.begin(_under(LIST_PREFIX, first_records)), now_ms)
        kept, wanted = self._state.rules.value(), self._state.wanted_rules.value()
        if kept is None and wanted is None and first is not None:
            kept = first
            self._state.rules.update(first)
        if kept is not None:
            read = self._reader.awaited(kept)
            yield from self._told(read, now_ms)
            if read.late and wanted is None:
                wanted = kept
                self._state.wanted_rules.update(kept)
        if wanted is not None:
            self._order = self._reader.order(wanted)

    def order(self, payload: bytes) -> None:
        """Take a rule book of the control topic: it decides once it is read, in place of any ordered before."""
        self._state.wanted_rules.update(payload)
        self._order = self._reader.order(payload)

    def snooze(self, customer_id: str, payload: bytes, now_ms: int) -> Iterator[Any]:
        """Follow a snooze of the control topic, or refuse it; yield TOPIC_BATCHes that say so."""
        snooze_id, refusal = self._snoozes.take(customer_id, payload)
        if refusal:
            self._counts.rules_refused()
        if refusal or snooze_id:
            yield self._reports.record(self._key, snooze_id, refusal, now_ms)

    def follow_entries(self, entries: ReadEntries, now_ms: int) -> Iterator[Any]:
        """Follow list entries of the control topic, or refuse them; yield TOPIC_BATCHes that say so."""
        yield from self._entries_told(self._lists.take(entries), now_ms)

    def look(self, now_ms: int) -> Iterator[Any]:
        """Follow an ordered book that is read, or refuse it; yield TOPIC_BATCHes that say so."""
        if self._order is None or not self._order.done():
            return
        if self._order.cancelled():  # it gave way to a newer one, which went to other shards alone so far
            self._order = self._reader.order(self._state.wanted_rules.value())
            return
        read, self._order = self._order.result(), None
        if read.engine is not None:
            self._state.rules.update(self._state.wanted_rules.value())
        self._state.wanted_rules.clear()
        yield from self._told(read, now_ms)

    def next_poll_ms(self, now_ms: int) -> int | None:
        """Return when `look` is to be called at the latest, milliseconds since 1970; None: nothing is being read."""
        return None if self._order is None else now_ms

    def rule(self, records: pa.RecordBatch, scored: ScoredBatch) -> tuple[ScoredBatch, Ruling | None]:
        """Return a scored batch as the rules decide it, and how they came to it; as it was where there are none."""
        snoozed = self._snoozes.lookup
        if self._engine is None and snoozed is None:
            return scored, None
        lists = self._lists.tables
        batch = RuleBatch(records, scored.x, scored.scores, self._time_zone, lists)
        if snoozed is not None or lists:
            newest_ms = int(batch.event_time_ms.max())
            self._snoozes.advance(newest_ms)
            self._lists.advance(newest_ms)
        ruling = (self._engine or _no_rules()).apply(batch, scored.decisions, snoozed)
        return replace(scored, decisions=ruling.decisions), ruling

    def count(self, ruling: Ruling | None) -> None:
        """Count what the rules did, once the ruling holds."""
        if self._engine is not None and ruling is not None:
            self._counts.ruled(self._engine.rules, ruling)

    def _entries_told(self, answers: Mapping[str, str], now_ms: int) -> Iterator[Any]:
        for change_id, refusal in answers.items():
            if refusal:
                self._counts.rules_refused()
            yield self._reports.record(self._key, change_id, refusal, now_ms)

    def _told(self, read: ReadBook, now_ms: int) -> Iterator[Any]:
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

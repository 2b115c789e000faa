"""Converter of a team's rows to transactions, by a map."""

import hmac
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.batch_checks import breaks_limits
from schemas.column_views import ColumnViews
from schemas.columns import TRANSACTION_ARROW
from schemas.durations import DAY_MS
from schemas.file_limits import FileLimits
from schemas.history_rules import year_ms
from schemas.mapping.card_numbers import CardNumberCount, card_candidates
from schemas.mapping.rejected_rows import HIDDEN, REJECTED_ARROW, rejected_in_words, rejected_rows
from schemas.mapping.transaction_map import LABEL_COLUMNS, Kind, MapError, Source, Target, TransactionMap
from schemas.mapping.value_conversion import (
    ConvertedValues,
    Mask,
    amounts,
    as_mask,
    flags,
    numbers,
    texts,
    times,
    trimmed,
    undecoded,
)
from schemas.rejection import Reason
from schemas.time_column import UTC_MS
from schemas.time_units import EARLIEST_MS, LATEST_MS, unit_hint
from schemas.transaction_fields import TRANSACTION_FIELDS, Role, name_of
from schemas.validation import TRANSACTION_CHECKS, Arrival, reject

Rows = npt.NDArray[np.int64]

_EVENT_TIME, _CURRENCY = name_of(Role.EVENT_TIME), name_of(Role.CURRENCY)
_LABEL, _LABEL_TIME = (item.name for item in LABEL_COLUMNS)
_BLAMED = {
    Reason.INVALID_AMOUNT: (name_of(Role.AMOUNT),),
    Reason.INVALID_PLACE: (name_of(Role.LATITUDE), name_of(Role.LONGITUDE)),
    Reason.KEY_MISMATCH: (name_of(Role.RECORD_KEY),),
}
"""Fields that a limit is about, by its reason; the others are about the event time."""


class ConvertedRows(NamedTuple):
    """Rows of a part of a file.

    Attributes
    ----------
    records : pyarrow.Table
        The good rows, in the columns of the map.
    rows : (m,) int64
        Their numbers in the file.
    rejected : pyarrow.Table
        The others, each with the first reason that applies, in the columns of `REJECTED_ARROW`.
    blank : int
        Number of rows without any value.
    """

    records: pa.Table
    rows: Rows
    rejected: pa.Table
    blank: int


class RowConverter:
    """Converter of parts of a file.

    Parameters
    ----------
    key : bytes or None
        Key of hashed values.
    limits : FileLimits
        On years and amounts.
    """

    def __init__(self, mapping: TransactionMap, limits: FileLimits, key: bytes | None = None) -> None:
        if key is None and any(mapping.hashed):
            raise MapError("expected a key for hashed columns, found none. Give one")
        self._map = mapping
        self._limits = limits
        self._key = key
        self._cards = {
            target: CardNumberCount() for target, source in mapping.sources.items() if _may_leak(target, source)
        }

    def convert(self, columns: pa.RecordBatch, rows: Rows) -> ConvertedRows:
        """Convert n rows.

        Parameters
        ----------
        columns : pyarrow.RecordBatch
            The map's columns of the team's, n texts each.
        rows : (n,) int64
            Numbers of the rows in the file.

        Raises
        ------
        MapError
            A column that is neither hashed nor a token contains card numbers.
        """
        found = {name: trimmed(columns.column(name), self._map.file.empty) for name in self._map.columns}
        blank = np.logical_and.reduce([as_mask(column.is_null()) for column in found.values()])
        if blank.any():
            kept = pa.array(~blank)
            found = {name: column.filter(kept) for name, column in found.items()}
            rows = rows[~blank]
        part = _Part(found, rows)
        for target, source in sorted(self._map.sources.items(), key=lambda item: item[0].kind is not Kind.TEXT):
            self._fill(part, target, source)
        self._complete_labels(part)
        records = part.good(self._map.arrow)
        if self._reject_beyond_limits(part, records):
            records = part.good(self._map.arrow)
        return ConvertedRows(records, part.good_rows, part.rejected_rows(), int(blank.sum()))

    def _fill(self, part: "_Part", target: Target, source: Source) -> None:
        column = part.texts_of(source)
        if target in self._cards:
            self._refuse_card_numbers(target, source, part)
        if source.columns:
            part.reject(target, source, undecoded(column), column, "text in the file's encoding", Reason.UNDECODABLE)
        found = self._converted(part, target, source, column)
        broken = found.broken
        if not target.nullable:
            broken = broken | as_mask(found.values.is_null())
        part.reject(target, source, broken, column, found.expected, target.reason)
        part.values[target.name] = found.values
        if source.hash:
            part.values[target.name] = self._hashed(found.values)
        if target.name == _EVENT_TIME:
            self._check_years(part, target, source, column)

    def _converted(self, part: "_Part", target: Target, source: Source, column: pa.Array) -> ConvertedValues:
        match target.kind:
            case Kind.TEXT:
                return texts(column, target.size, nullable=target.nullable)
            case Kind.AMOUNT:
                return amounts(column, source, part.values[_CURRENCY])
            case Kind.NUMBER:
                return numbers(column, source)
            case Kind.TIME:
                return times(column, source)
            case Kind.FLAG:
                return flags(column, source)

    def _hashed(self, values: pa.Array) -> pa.Array:
        """Return the HMAC-SHA-256 of each value; card numbers count by their digits alone."""
        coded = values.dictionary_encode()
        distinct = pc.coalesce(card_candidates(coded.dictionary), coded.dictionary)
        key = self._key or b""
        tokens = [hmac.digest(key, text.encode(), "sha256").hex() for text in distinct.to_pylist()]
        return pa.array(tokens, pa.string()).take(coded.indices)

    def _check_years(self, part: "_Part", target: Target, source: Source, column: pa.Array) -> None:
        """Reject times outside of the years of files; a unit that does not fit is the usual cause."""
        milliseconds = part.values[target.name].cast(pa.int64())
        first, last = self._limits.first_year, self._limits.last_year
        early, late = (
            as_mask(mask)
            for mask in (pc.less(milliseconds, year_ms(first)), pc.greater_equal(milliseconds, year_ms(last + 1)))
        )
        for mask, reason in ((early, Reason.EVENT_TIME_TOO_OLD), (late, Reason.EVENT_TIME_AHEAD)):
            if mask.any():
                hint = unit_hint(milliseconds[int(np.argmax(mask))].as_py())
                seconds = f" (the number {hint.partition(':')[0]})" if hint else ""
                own = target.reason if target.name == _LABEL_TIME else reason
                part.reject(target, source, mask, column, f"a time from {first} to {last}{seconds}", own)

    def _complete_labels(self, part: "_Part") -> None:
        """Derive label times from event times, and keep labels that have both a value and a time."""
        if not self._map.is_labelled:
            return
        target, source = next(item for item in self._map.sources.items() if item[0].name == _LABEL_TIME)
        events, label, label_time = (part.values[name] for name in (_EVENT_TIME, _LABEL, _LABEL_TIME))
        if source.delay_days is not None:
            delay = pa.scalar(round(source.delay_days * DAY_MS))
            label_time = pc.coalesce(label_time, pc.add(events.cast(pa.int64()), delay).cast(UTC_MS))
        part.values[_LABEL_TIME], column = label_time, part.texts_of(source)
        self._check_years(part, target, source, column)
        early = as_mask(pc.less(label_time, events))
        part.reject(target, source, early, column, "a label time from the event time on", target.reason)
        known = pc.and_(label.is_valid(), label_time.is_valid())
        part.values[_LABEL] = pc.if_else(known, label, pa.scalar(None, pa.bool_()))
        part.values[_LABEL_TIME] = pc.if_else(known, label_time, pa.scalar(None, UTC_MS))

    def _reject_beyond_limits(self, part: "_Part", records: pa.Table) -> bool:
        """Reject the rows that the job would reject; return whether there may be any."""
        columns = [column.combine_chunks() for column in with_missing(records).select(TRANSACTION_ARROW.names).columns]
        batch = pa.RecordBatch.from_arrays(columns, schema=TRANSACTION_ARROW)
        times_ms = np.clip(batch.column(_EVENT_TIME).cast(pa.int64()).to_numpy(), EARLIEST_MS, LATEST_MS - 1)
        limits = self._limits.records
        broken = breaks_limits(TRANSACTION_FIELDS, ColumnViews.of(batch, TRANSACTION_FIELDS), times_ms, limits)
        broken |= as_mask(pc.match_substring_regex(batch.column(name_of(Role.RECORD_KEY)), "^[\ufeff\ufffe]|\ufffd"))
        marked = np.flatnonzero(broken)
        if not marked.size:
            return False
        suspect = batch.take(pa.array(marked))
        arrival = Arrival(suspect, suspect.column(name_of(Role.RECORD_KEY)).to_pylist(), times_ms[marked])
        numbers_of_good = np.flatnonzero(~part.is_rejected)
        titles = {target.name: source.title for target, source in self._map.sources.items()}
        for item in reject(arrival, limits, TRANSACTION_CHECKS):
            blamed = [titles.get(name, "") for name in _BLAMED.get(item.reason, (_EVENT_TIME,))]
            part.reject_one(int(numbers_of_good[marked[item.row]]), item.reason, ", ".join(blamed), item.detail)
        return True

    def _refuse_card_numbers(self, target: Target, source: Source, part: "_Part") -> None:
        count = self._cards[target]
        for name in source.columns:
            count.add(part.columns[name])
        if count.are_card_numbers:
            example = f'{target.name} = {{ column = "{source.columns[0]}", hash = true }}'
            raise MapError(
                f"expected no card numbers, got {len(count.cards):,} in {source.title} (as {target.name}), such as "
                f"****{min(count.cards)[-4:]}. Hash them: {example}, with a key in the environment variable "
                f"{self._map.key_variable}; or set token = true if they are tokens"
            )


class _Part:
    """Values of a part of a file, and its rejected rows."""

    def __init__(self, columns: dict[str, pa.Array], rows: Rows) -> None:
        self.columns = columns
        self._rows = rows
        self._rejected: list[pa.Table] = [REJECTED_ARROW.empty_table()]
        self.is_rejected: Mask = np.zeros(len(rows), np.bool_)
        self.values: dict[str, pa.Array] = {}

    def texts_of(self, source: Source) -> pa.Array:
        """Return the texts that a target is converted from; null for none."""
        size = len(self._rows)
        if not source.columns:
            return pa.nulls(size, pa.string()) if source.constant is None else pa.repeat(source.constant, size)
        parts = [self.columns[name] for name in source.columns]
        if len(parts) == 1:
            joined = parts[0]
        else:
            joined = pc.binary_join_element_wise(*(part.fill_null("") for part in parts), source.join)
            absent = np.logical_and.reduce([as_mask(part.is_null()) for part in parts])
            joined = pc.if_else(pa.array(absent), pa.scalar(None, pa.string()), joined)
        return joined if source.default is None else joined.fill_null(source.default)

    def reject(
        self, target: Target, source: Source, broken: Mask, column: pa.Array, expected: str, reason: Reason
    ) -> None:
        """Reject the rows of a mask that are not rejected yet."""
        marked = np.flatnonzero(broken & ~self.is_rejected)
        if not marked.size:
            return
        values = pa.repeat(HIDDEN, marked.size) if source.hash else column.take(pa.array(marked))
        text = f"{target.name}: expected {expected}"
        self._rejected.append(rejected_rows(self._rows[marked], reason, source.title, values, text))
        self.is_rejected[marked] = True

    def reject_one(self, index: int, reason: Reason, column: str, detail: str) -> None:
        """Reject a row with the detail of a dead letter."""
        self._rejected.append(rejected_in_words(self._rows[index : index + 1], reason, column, None, [detail]))
        self.is_rejected[index] = True

    def good(self, schema: pa.Schema) -> pa.Table:
        """Return the rows that are not rejected."""
        kept = pa.array(~self.is_rejected)
        return pa.table([self.values[field.name].filter(kept) for field in schema], schema=schema)

    @property
    def good_rows(self) -> Rows:
        """Numbers of the rows that are not rejected."""
        return self._rows[~self.is_rejected]

    def rejected_rows(self) -> pa.Table:
        """Return the rejected rows by their numbers."""
        return pa.concat_tables(self._rejected).sort_by("row")


def with_missing(records: pa.Table) -> pa.Table:
    """Return records with the columns of transactions that they lack, as nulls."""
    for field in TRANSACTION_ARROW:
        if field.name not in records.column_names:
            records = records.append_column(field, pa.nulls(len(records), field.type))
    return records


def _may_leak(target: Target, source: Source) -> bool:
    """Return whether a target would hold a card number that its column has."""
    return target.kind in {Kind.TEXT, Kind.NUMBER} and bool(source.columns) and not (source.hash or source.token)

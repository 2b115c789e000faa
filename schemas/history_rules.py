"""Limits on the values of a file's rows: the job's own, and those that only labels can break."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.currency import by_currency
from schemas.file_limits import FileLimits
from schemas.time_units import mistaken_unit
from schemas.transaction_fields import TRANSACTION_FIELDS, Degrees, TextSize
from schemas.validation import Limits

MAX_SHOWN = 3
"""Rows that a message shows of those that break a limit."""

Columns = Mapping[str, pa.ChunkedArray]
Broken = Callable[[Columns], NDArray[np.bool_]]


class _Rule(NamedTuple):
    """A limit: the columns that it needs, what is expected, where it is broken (n,), and what to do."""

    columns: tuple[str, ...]
    expected: str
    broken: Broken
    fix: str


def broken_rules(columns: Columns, limits: FileLimits) -> list[str]:
    """Return a line for each limit that rows break, with their number and the first of them.

    Parameters
    ----------
    columns : mapping of str to pyarrow.ChunkedArray
        By name, n rows in the order of the file. Limits on columns that are not there are left out.
    """
    lines = []
    for rule in (*_RULES, *_rules_of(limits)):
        if all(name in columns for name in rule.columns):
            rows = np.flatnonzero(rule.broken(columns))
            if rows.size:
                shown = ", ".join(_shown(columns, rule.columns, int(row)) for row in rows[:MAX_SHOWN])
                more = ", ..." if rows.size > MAX_SHOWN else ""
                fix = f"{_unit(columns, rule, rows)}{rule.fix}"
                lines.append(f"expected {rule.expected}, got {rows.size:,} other rows: {shown}{more}. {fix}")
    return lines


def _unit(columns: Columns, rule: _Rule, rows: NDArray[np.int64]) -> str:
    """Return a sentence on times that seem to be another unit read as milliseconds, empty if some do not."""
    column = columns[rule.columns[0]]
    if len(rule.columns) > 1 or not pa.types.is_timestamp(column.type):
        return ""
    units = {mistaken_unit(time) for time in np.unique(_numbers(column)[rows]).tolist()}
    unit = units.pop() if len(units) == 1 else None
    return f"They seem to be {unit} read as milliseconds: convert them by their own unit. " if unit else ""


def written(value: pa.Scalar) -> str:
    """Return a value as text, also a time that is beyond Python's years."""
    if pa.types.is_timestamp(value.type) and value.is_valid:
        return str(np.datetime64(value.value, "ms"))
    return f"{value.as_py()!s:.80}"


def _shown(columns: Columns, names: tuple[str, ...], row: int) -> str:
    values = ", ".join(f"{name} {written(columns[name][row])}" for name in names)
    own = f", transaction_id {written(columns['transaction_id'][row])!r}" if "transaction_id" in columns else ""
    return f"{values} (row {row}{own})"


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return int64s with 0 for null: whether a null may be is asked elsewhere."""
    values: NDArray[np.int64] = column.cast(pa.int64()).fill_null(0).to_numpy()
    return values


def _text_rule(name: str, size: TextSize) -> _Rule:
    def broken(columns: Columns) -> NDArray[np.bool_]:
        lengths = pc.binary_length(columns[name]).fill_null(max(size.min_bytes, 1)).to_numpy()
        outside: NDArray[np.bool_] = (lengths < size.min_bytes) | (lengths > size.max_bytes)
        return outside

    fix = "Fill or shorten them, or leave these rows out"
    return _Rule((name,), f"{name} of {size.min_bytes} to {size.max_bytes} bytes", broken, fix)


def _time_rule(name: str, fix: str, limits: FileLimits) -> _Rule:
    first_ms, end_ms = year_ms(limits.first_year), year_ms(limits.last_year + 1)

    def broken(columns: Columns) -> NDArray[np.bool_]:
        times, known = _numbers(columns[name]), columns[name].is_valid().to_numpy()
        outside: NDArray[np.bool_] = known & ((times < first_ms) | (times >= end_ms))
        return outside

    expected = f"{name} from {limits.first_year} to {limits.last_year}"
    return _Rule((name,), expected, broken, f"{fix} (bounds: files.first_year, files.last_year)")


def year_ms(year: int) -> int:
    """Return the begin of a year in UTC, in milliseconds since 1970."""
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1_000)


def _amount(limits: Limits, columns: Columns) -> NDArray[np.bool_]:
    amounts = _numbers(columns["amount_minor"])
    currencies = columns["currency"].combine_chunks() if "currency" in columns else None
    bound: float | NDArray[np.float64] = limits.greatest_max_amount_minor
    if currencies is not None:
        bound = by_currency(currencies, limits.max_amounts_minor, limits.max_amount_minor)
    outside: NDArray[np.bool_] = (amounts < 0) | (amounts > bound)
    return outside


def _delay(columns: Columns) -> NDArray[np.bool_]:
    both = columns["event_time"].is_valid().to_numpy() & columns["label_time"].is_valid().to_numpy()
    early: NDArray[np.bool_] = both & (_numbers(columns["label_time"]) < _numbers(columns["event_time"]))
    return early


def _degrees_rule(name: str, limit: Degrees) -> _Rule:
    bound = limit.max_degrees

    def broken(columns: Columns) -> NDArray[np.bool_]:
        degrees = columns[name].fill_null(0.0).to_numpy()
        outside: NDArray[np.bool_] = ~(np.abs(degrees) <= bound)
        return outside

    return _Rule(
        (name,), f"{name} from -{bound:g} to {bound:g}", broken, "Correct them, or leave both coordinates empty"
    )


def _half_location(columns: Columns) -> NDArray[np.bool_]:
    latitude, longitude = (columns[name].is_null().to_numpy() for name in ("latitude", "longitude"))
    half: NDArray[np.bool_] = latitude != longitude
    return half


_RULES = (
    *(_text_rule(field.name, field.check) for field in TRANSACTION_FIELDS if isinstance(field.check, TextSize)),
    _Rule(("event_time", "label_time"), "label_time at or after event_time", _delay, "Correct the one or the other"),
    *(_degrees_rule(field.name, field.check) for field in TRANSACTION_FIELDS if isinstance(field.check, Degrees)),
    _Rule(("latitude", "longitude"), "both coordinates or none", _half_location, "Leave both empty"),
)


def _rules_of(limits: FileLimits) -> tuple[_Rule, ...]:
    return (
        _Rule(
            ("amount_minor",),
            "amount_minor from 0 to the limit of its currency",
            partial(_amount, limits.records),
            "Leave refunds (negative amounts) out: the job scores payments only (bounds: job.max_amount_minor, "
            "job.max_amounts_minor)",
        ),
        _time_rule("event_time", "Correct them, or leave these rows out", limits),
        _time_rule("label_time", "Leave label_time empty where the label is not known yet", limits),
    )

"""Conversion of a column's texts to the values of a target."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.currency import minor_units
from schemas.mapping.time_text import EPOCHS, ISO, TimeFormat
from schemas.mapping.transaction_map import Source
from schemas.time_column import UTC_MS
from schemas.transaction_fields import TextSize

Mask = npt.NDArray[np.bool_]

NOT_DECODED = "\ufffd"
"""Character for bytes that are no text in the file's encoding."""

_MAX_MINOR = 2.0**53
"""From here on float64 has no cents."""


class ConvertedValues(NamedTuple):
    """Values of a column, where the texts do not convert (n,), and the text that was expected there."""

    values: pa.Array
    broken: Mask
    expected: str


def texts(column: pa.Array, size: TextSize | None, *, nullable: bool) -> ConvertedValues:
    """Check the sizes of texts; empty ones are null only where they may be."""
    values = column if nullable else column.fill_null("")
    if size is None:
        return ConvertedValues(values, np.zeros(len(column), np.bool_), "a text")
    lengths = pc.binary_length(values).fill_null(size.min_bytes)
    broken = pc.or_(pc.less(lengths, size.min_bytes), pc.greater(lengths, size.max_bytes))
    return ConvertedValues(values, as_mask(broken), f"a text of {size.min_bytes} to {size.max_bytes} bytes")


def trimmed(column: pa.Array, empty: tuple[str, ...] = ()) -> pa.Array:
    """Return trimmed texts, null for empty ones and those that mean none."""
    found = pc.utf8_trim_whitespace(column)
    absent = pc.equal(found, "")
    if empty:
        absent = pc.or_(absent, pc.is_in(pc.utf8_lower(found), pa.array(empty)))
    return pc.if_else(absent, pa.scalar(None, pa.string()), found)


def undecoded(column: pa.Array) -> Mask:
    """Return where a text has bytes that are no text in the file's encoding, (n,) bool."""
    return as_mask(pc.match_substring(column, NOT_DECODED))


def numbers(column: pa.Array, source: Source) -> ConvertedValues:
    """Convert to float64."""
    values = source.number.parse(column)
    return ConvertedValues(values, _lost(column, values), f"a number{_format_of(source)}")


def amounts(column: pa.Array, source: Source, currencies: pa.Array) -> ConvertedValues:
    """Convert amounts to whole minor units of their currencies, int64."""
    parsed = source.number.parse(column)
    amount = parsed.fill_null(np.nan).to_numpy(zero_copy_only=False)
    if source.negative != "reject":
        amount = np.abs(amount) if source.negative == "absolute" else -amount
    minor = amount * minor_units(currencies) if source.unit == "major" else amount
    # A NaN compares false.
    known = np.abs(minor) < _MAX_MINOR
    whole = np.rint(np.where(known, minor, 0.0))
    if not source.round:
        known &= np.abs(np.where(known, minor, 0.0) - whole) < 1e-3 + np.abs(whole) * 4e-16
    what = "no more decimals than its currency has" if source.unit == "major" else "no decimals"
    return ConvertedValues(
        pa.array(whole.astype(np.int64), mask=~known), ~known, f"an amount{_format_of(source)} with {what}"
    )


def times(column: pa.Array, source: Source) -> ConvertedValues:
    """Convert to milliseconds in UTC."""
    values = source.time.parse(column)
    return ConvertedValues(values.cast(UTC_MS), _lost(column, values), _time_format(source.time))


def flags(column: pa.Array, source: Source) -> ConvertedValues:
    """Convert to booleans."""
    if source.filled:
        return ConvertedValues(column.is_valid(), np.zeros(len(column), np.bool_), "a flag")
    coded = pc.utf8_lower(column).dictionary_encode()
    meanings = {**dict.fromkeys(source.false, False), **dict.fromkeys(source.true, True)}
    found = pa.array([meanings.get(text) for text in coded.dictionary.to_pylist()], pa.bool_())
    values = found.take(coded.indices)
    expected = f"{' or '.join(source.true)} for true, {' or '.join(source.false)} for false"
    return ConvertedValues(values, _lost(column, values), expected)


def as_mask(condition: pa.Array) -> Mask:
    """Return a condition as (n,) bool, false for null."""
    mask: Mask = condition.fill_null(False).to_numpy(zero_copy_only=False)
    return mask


def _lost(column: pa.Array, values: pa.Array) -> Mask:
    return as_mask(pc.and_(column.is_valid(), values.is_null()))


def _format_of(source: Source) -> str:
    comma = " with a decimal comma" if source.number.decimal == "," else ""
    return f"{comma} and {source.number.thousands!r} between thousands" if source.number.thousands else comma


def _time_format(time: TimeFormat) -> str:
    if time.pattern in EPOCHS:
        return f"a number of {time.pattern.removeprefix('epoch_')} since 1970"
    if time.pattern != ISO:
        return f"a time that exists, as {time.pattern}"
    zone = "" if time.timezone else " with its time zone (without: set timezone in the map)"
    return f"a time in ISO 8601{zone} that exists"

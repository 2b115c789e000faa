"""Times of a file: typed timestamps, or texts in ISO 8601."""

import logging
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ColumnError, UserError

UTC_MS = pa.timestamp("ms", tz="UTC")

_LOCAL = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})"
_DIGITS = r"^[+-]?\d+(\.\d*)?$"

_UNITS = (
    (1e17, "nanoseconds", "ns"),
    (1e14, "microseconds", "us"),
    (1e11, "milliseconds", "ms"),
    (1e8, "seconds", "s"),
)
_DAY_DIGITS, _SECOND_DIGITS = (19_000_101, 21_001_231), (19_000_101_000_000, 21_001_231_235_959)

_log = logging.getLogger(__name__)


def time_column(name: str, column: pa.ChunkedArray, timezone: str | None) -> pa.ChunkedArray:
    """Convert a column of times to milliseconds in UTC; finer units are cut off, an empty text is null.

    Parameters
    ----------
    name : str
        Column name, for messages.
    column : pyarrow.ChunkedArray, (n,)
        Timestamps of any unit, or texts in ISO 8601.
    timezone : str or None
        IANA time zone of times that have none.

    Raises
    ------
    ColumnError
        The values are numbers, days, texts in another format, or local times without a time zone.
    """
    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(UTC_MS)
    if pa.types.is_timestamp(kind):
        return _to_utc(column) if kind.tz is not None else _from_local(name, column, timezone)
    if pa.types.is_string(kind):
        return _from_text(name, column, timezone)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        raise ColumnError(_number_refusal(name, column.drop_null(), kind))
    raise ColumnError(f"expected a timestamp with a time zone, got {kind}. Convert it: {_fix(name)}")


def require_timezone(timezone: str) -> None:
    """Refuse a name that is no IANA time zone."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(f"expected a time zone such as Europe/Berlin, got {timezone!r}. Give its IANA name") from None


def _to_utc(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(options=pc.CastOptions(UTC_MS, allow_time_truncate=True))
    except pa.ArrowInvalid:
        raise ColumnError(
            f"expected times from 2000 to 2099, got {column.type} with times beyond any. Correct them"
        ) from None


def _from_local(name: str, column: pa.ChunkedArray, timezone: str | None) -> pa.ChunkedArray:
    if timezone is None:
        first = next((value for value in column.cast(pa.string()) if value.is_valid), "")
        raise ColumnError(
            f"expected times with a time zone, got times without one, such as {first}. Say which zone they are in: "
            f'--timezone Europe/Berlin, or df["{name}"].dt.tz_localize("Europe/Berlin")'
        )
    earliest, latest = (
        pc.assume_timezone(column, options=pc.AssumeTimezoneOptions(timezone, ambiguous=which, nonexistent=which))
        for which in ("earliest", "latest")
    )
    # A time of the skipped hour becomes the moments right before and after the step, one unit apart.
    apart = pc.subtract(latest.cast(pa.int64()), earliest.cast(pa.int64()))
    _warn_of_clock_changes(name, timezone, _count(pc.equal(apart, 1)), _count(pc.greater(apart, 1)))
    return _to_utc(earliest)


def _warn_of_clock_changes(name: str, timezone: str, skipped: int, repeated: int) -> None:
    if skipped:
        _log.warning("%s: %s times do not exist in %s (the clock went forward): moved to just before the step",
                     name, f"{skipped:,}", timezone)  # fmt: skip
    if repeated:
        _log.warning("%s: %s times exist twice in %s (the clock went back): read as the earlier one",
                     name, f"{repeated:,}", timezone)  # fmt: skip


def _from_text(name: str, column: pa.ChunkedArray, timezone: str | None) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(column)
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    values = text.drop_null()
    zoned, local = (pc.match_substring_regex(values, pattern) for pattern in (f"{_LOCAL}{_ZONE}$", f"{_LOCAL}$"))
    try:
        if _count(zoned) == len(values):
            return _to_utc(_parsed(text, "UTC"))
        if _count(local) == len(values):
            return _from_local(name, _parsed(text, None), timezone)
    except pa.ArrowInvalid as error:
        raise ColumnError(f"expected times that exist, got: {str(error).splitlines()[0]}. Correct them") from None
    other = values.filter(pc.invert(pc.or_(zoned, local)))
    if not len(other):
        raise ColumnError(
            f"expected a time zone in every text or in none, got {_count(local):,} without one of {len(values):,}. "
            "Write all as 2026-01-05T09:30:00Z"
        )
    if _count(pc.match_substring_regex(other, _DIGITS)) == len(other):
        raise ColumnError(_number_refusal(name, other, "text"))
    raise ColumnError(
        f"expected times in ISO 8601 such as 2026-01-05T09:30:00Z, got {len(other):,} others such as "
        f"{other[0].as_py()[:40]!r}. Convert it: {_fix(name)}"
    )


def _parsed(text: pa.ChunkedArray, zone: str | None) -> pa.ChunkedArray:
    """Parse texts in ISO 8601; what is finer than a microsecond is cut off.

    Nanoseconds end in 2262, beyond which Arrow gives another year instead of an error, and 9999-12-31 is a common word
    for never.
    """
    return pc.replace_substring_regex(text, r"(\.\d{6})\d+", r"\1").cast(pa.timestamp("us", tz=zone))


def _number_refusal(name: str, values: pa.ChunkedArray, kind: object) -> str:
    if not len(values):
        return f"expected a timestamp with a time zone, got {kind} without a value. Convert it: {_fix(name)}"
    written = str(values[0].as_py())
    size = abs(float(written))
    looks, fix = "like no unit of time since 1970", _fix(name)
    if any(low <= size <= high for low, high in (_DAY_DIGITS, _SECOND_DIGITS)):
        pattern = "%Y%m%d" if size <= _DAY_DIGITS[1] else "%Y%m%d%H%M%S"
        looks, fix = "like the digits of a date", _fix(name, f', format="{pattern}"', ".astype(str)")
    elif unit := next(((word, short) for least, word, short in _UNITS if size >= least), None):
        looks, fix = (
            f"like {unit[0]} since 1970",
            _fix(name, f', unit="{unit[1]}"', ".astype(float)" if kind == "text" else ""),
        )
    got = f"{kind} such as {written[:40]}, which looks {looks}"
    return f"expected a timestamp with a time zone, got {got}. Convert it: {fix}"


def _fix(name: str, how: str = "", first: str = "") -> str:
    return f'pd.to_datetime(df["{name}"]{first}{how}, utc=True)'


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)

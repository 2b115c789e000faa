"""Times as texts: ISO 8601, epochs and patterns of `strptime`."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.durations import DAY_MS
from schemas.mapping.number_text import PLAIN

ISO = "iso"
EPOCHS = {"epoch_s": 1_000, "epoch_ms": 1, "epoch_us": 1 / 1_000, "epoch_ns": 1 / 1_000_000}
"""Milliseconds of the units of numbers since 1970."""

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

_TWO = r"\d{2}"
_ZONE = r"(?P<z>(?:Z|z|[+-]\d{2}(?::?\d{2})?)?)"
_ISO = (
    r"(?P<Y>\d{4})-?(?P<m>\d{2})-?(?P<d>\d{2})"
    rf"(?:[Tt ]\s*(?P<H>{_TWO}):?(?P<M>{_TWO})(?::?(?P<S>{_TWO})(?:[.,](?P<f>\d+))?)?\s*{_ZONE})?"
)
_DIRECTIVES = {
    **{directive: rf"(?P<{directive}>\d{{1,2}})" for directive in "mdHIMS"},
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "f": r"(?P<f>\d{1,9})",
    "b": r"(?P<b>\pL{3})\pL*\.?",
    "B": r"(?P<b>\pL{3})\pL*",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "z": _ZONE.replace(")?)", "))"),
    "a": r"\pL+\.?",
    "A": r"\pL+",
    "%": "%",
}
DIRECTIVES = " ".join(f"%{directive}" for directive in sorted(_DIRECTIVES, key=str.lower))
"""Directives that a pattern may have, for messages."""

Numbers = npt.NDArray[np.int64]


class TimeFormatError(ValueError):
    """A pattern that no time can be parsed with."""


@dataclass(frozen=True)
class TimeFormat:
    """Format of times.

    Attributes
    ----------
    pattern : str
        `ISO`, one of `EPOCHS`, or a pattern of `strptime` with the directives of `DIRECTIVES`.
    timezone : str or None
        IANA time zone of times without one. An hour that a clock change repeats is the earlier one, and a time that it
        skips is the moment before.
    end_of_day : bool
        Whether a day without a time of day is its last millisecond instead of its first.

    Raises
    ------
    TimeFormatError
        The pattern has other directives, or no day.
    """

    pattern: str = ISO
    timezone: str | None = None
    end_of_day: bool = False

    def __post_init__(self) -> None:
        if self.pattern not in EPOCHS:
            re.compile(self._regex.replace(r"\pL", "[a-z]"))

    @property
    def needs_timezone(self) -> bool:
        """Whether no time of the format has a time zone of its own."""
        return self.pattern not in {ISO, *EPOCHS} and "%z" not in self.pattern

    def parse(self, texts: pa.Array) -> pa.Array:
        """Return the times of n texts as int64 milliseconds since 1970; null where a text is none or is null."""
        if self.pattern in EPOCHS:
            return _since_1970(pc.utf8_trim_whitespace(texts), self.pattern)
        found = pc.extract_regex(pc.utf8_trim_whitespace(texts), self._regex)
        parts = {field.name: found.field(index) for index, field in enumerate(found.type)}
        local_ms, exists = _local_ms(parts, len(texts))
        if self.end_of_day:
            local_ms = np.where(_is_day(parts, len(texts)), local_ms + DAY_MS - 1, local_ms)
        known = found.is_valid().to_numpy(zero_copy_only=False) & exists
        if "z" not in parts:
            return self._in_utc(local_ms, known)
        zone = parts["z"].fill_null("")
        has_zone = pc.not_equal(zone, "").to_numpy(zero_copy_only=False)
        in_utc = pa.array(local_ms - _offset_ms(zone), mask=~known)
        if has_zone[known].all():
            return in_utc
        return pc.if_else(pa.array(has_zone), in_utc, self._in_utc(local_ms, known))

    def _in_utc(self, local_ms: Numbers, known: npt.NDArray[np.bool_]) -> pa.Array:
        if self.timezone is None:
            return pa.nulls(len(local_ms), pa.int64())
        local = pa.array(local_ms, mask=~known).cast(pa.timestamp("ms"))
        earliest = pc.AssumeTimezoneOptions(self.timezone, ambiguous="earliest", nonexistent="earliest")
        return pc.assume_timezone(local, options=earliest).cast(pa.int64())

    @cached_property
    def _regex(self) -> str:
        if self.pattern == ISO:
            return f"^{_ISO}$"
        parts, used = [], ""
        pieces = re.findall(r"%.|\s+|[^%\s]+|%$", self.pattern)
        for index, piece in enumerate(pieces):
            if not piece.startswith("%"):
                parts.append(r"\s+" if piece.isspace() else re.escape(piece))
                continue
            directive = piece[1:]
            if directive not in _DIRECTIVES or (directive in used and directive.isalpha()):
                raise TimeFormatError(f"expected each of {DIRECTIVES} at most once, got {piece!r}")
            used += directive
            # Without a separator, a number has all of its digits.
            joined = any(near.startswith("%") for near in pieces[max(index - 1, 0) : index + 2] if near is not piece)
            parts.append(_DIRECTIVES[directive].replace("{1,2}", "{2}" if joined else "{1,2}"))
        if not (set("Yy") & set(used) and set("mbB") & set(used) and "d" in used):
            raise TimeFormatError(f"expected a pattern with a year, a month and a day, got {self.pattern!r}")
        return f"^{''.join(parts)}$"


ISO_8601 = TimeFormat()


def _since_1970(texts: pa.Array, unit: str) -> pa.Array:
    """Return numbers since 1970 in milliseconds; what is finer is cut off from whole numbers, rounded from others."""
    factor = EPOCHS[unit]
    digits = r"\d{1,12}" if factor > 1 else r"[1-8]?\d{1,18}"  # 12 digits of seconds are the year 33658
    if pc.all(pc.match_substring_regex(texts, f"^-?{digits}$")).as_py() is not False:
        numbers = texts.cast(pa.int64())
        return pc.multiply(numbers, factor) if factor >= 1 else pc.divide(numbers, round(1 / factor))
    numbers = pc.multiply(PLAIN.parse(texts), factor)
    possible = pc.less(pc.abs(numbers), 1e15)
    return pc.round(pc.if_else(possible, numbers, pa.scalar(None, pa.float64()))).cast(pa.int64())


def _local_ms(parts: dict[str, pa.Array], rows: int) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Return local times of n rows in milliseconds since 1970, and whether each exists."""

    def number(name: str, missing: int) -> Numbers:
        if name not in parts:
            return np.full(rows, missing, np.int64)
        digits = parts[name].fill_null("")
        values: Numbers = pc.if_else(pc.equal(digits, ""), str(missing), digits).cast(pa.int64()).to_numpy()
        return values

    year = number("Y", 1970)
    if "y" in parts:
        short = number("y", 70)
        year = short + np.where(short < 69, 2000, 1900)
    month, day, hour = number("m", 1), number("d", 1), number("H", 0)
    if "b" in parts:
        named = pc.index_in(pc.utf8_lower(parts["b"].fill_null("")), pa.array(MONTHS))
        month = named.cast(pa.int64()).fill_null(-1).to_numpy() + 1
    possible = hour < 24
    if "I" in parts:
        twelve = number("I", 12)
        possible &= (twelve >= 1) & (twelve <= 12)
        hour = twelve % 12
    if "p" in parts:
        hour = hour % 12 + 12 * np.asarray(pc.equal(pc.utf8_lower(parts["p"].fill_null("")), "p"))
    minute, second, millisecond = number("M", 0), number("S", 0), _milliseconds(parts, rows)
    months = (year - 1970) * 12 + month - 1
    days = months.astype("M8[M]").astype("M8[D]") + (day - 1)
    possible &= (month >= 1) & (month <= 12) & (days.astype("M8[M]").astype(np.int64) == months)
    possible &= (minute < 60) & (second < 60)
    return ((days.astype(np.int64) * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + millisecond, possible


def _is_day(parts: dict[str, pa.Array], rows: int) -> npt.NDArray[np.bool_]:
    """Return which of n times have no time of day, (n,) bool."""
    hour = parts.get("H", parts.get("I"))
    if hour is None:
        return np.ones(rows, np.bool_)
    return pc.equal(hour.fill_null(""), "").to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _milliseconds(parts: dict[str, pa.Array], rows: int) -> Numbers:
    if "f" not in parts:
        return np.zeros(rows, np.int64)
    digits = pc.utf8_rpad(pc.utf8_slice_codeunits(parts["f"].fill_null(""), 0, 3), 3, "0")
    milliseconds: Numbers = digits.cast(pa.int64()).to_numpy()
    return milliseconds


def _offset_ms(zones: pa.Array) -> Numbers:
    """Return the offsets from UTC of n texts such as Z, +01:00, +0100 and +01."""
    coded = zones.dictionary_encode()
    minutes = []
    for zone in coded.dictionary.to_pylist():
        digits = zone.lstrip("Zz+-").replace(":", "").ljust(4, "0")
        size = int(digits[:2]) * 60 + int(digits[2:])
        minutes.append(-size if zone.startswith("-") else size)
    offsets: Numbers = np.array(minutes, np.int64)[coded.indices.to_numpy()] * 60_000
    return offsets

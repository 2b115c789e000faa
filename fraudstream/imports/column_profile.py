"""Profile of a column, from a sample of its texts."""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.mapping.card_numbers import CardNumberCount, masked
from schemas.mapping.number_text import NumberFormat
from schemas.mapping.time_text import EPOCHS, ISO, TimeFormat
from schemas.time_units import EARLIEST_MS, LATEST_MS

MIN_SHARE = 0.98
"""Share of the values that a format must fit."""

SHOWN = 3
MAX_SHOWN = 40
NUMBER_FORMATS = tuple(
    NumberFormat(*pair) for pair in ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))
)
FLAGS = ("1 0", "true false", "y n", "yes no", "j n", "ja nein", "o n", "oui non", "s n", "si no", "sim nao", "t f",
         "fraud genuine", "fraud legit", "fraud legitimate", "fraud ok", "fraud normal", "fraudulent genuine",
         "fraudulent legitimate")  # fmt: skip
"""Texts of true and false."""

_DAYS = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%b %d %Y", "%b %d, %Y"),
)
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,%f", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S %z")
_PATTERNS = (
    *_DAYS,
    *(f"{day} {clock}" for day, clock in product(_DAYS, _CLOCKS)),
    *(f"{day}T{clock}" for day, clock in product(_DAYS, ("%H:%M:%S", "%H:%M:%S.%f"))),
)
_DIGITS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_DATED = r"\d+[-/. ]+\w+[-/., ]+\d|^\pL+[ .]+\d+[ ,]+\d|^\d{8}T"
"""Text that has a day, a month and a year in some sequence."""

_FEW = 200
_CODE = r"^[A-Z]{3}$"
_DAY = "2026-01-05 "


@dataclass(frozen=True)
class ColumnProfile:
    """Profile of a column.

    Attributes
    ----------
    name : str
        Name in the file.
    texts : pyarrow string array, (n,)
        Trimmed values of the sample; null for an empty one.
    """

    name: str
    texts: pa.Array

    @cached_property
    def values(self) -> pa.Array:
        """Values that are not empty."""
        return self.texts.drop_null()

    @cached_property
    def distinct(self) -> pa.Array:
        """Values, each once."""
        return pc.unique(self.values)

    @property
    def filled(self) -> float:
        """Share of rows with a value."""
        return len(self.values) / max(len(self.texts), 1)

    @property
    def samples(self) -> list[str]:
        """Some values, without the digits of card numbers."""
        return pc.utf8_slice_codeunits(masked(self.distinct[:SHOWN]), 0, MAX_SHOWN).to_pylist()  # type: ignore[no-any-return]

    @cached_property
    def number(self) -> NumberFormat | None:
        """Format of numbers; None for other values."""
        share, found = max(
            ((self._share(one.parse(self.distinct)), one) for one in NUMBER_FORMATS), key=lambda pair: pair[0]
        )
        if share < MIN_SHARE:
            return None
        decimal = re.escape(found.decimal)
        grouped = pc.all(pc.match_substring_regex(self.distinct, rf"^[^.,]*({decimal}\d{{3}})?\D*$")).as_py()
        if found.thousands or not grouped or not self._has(found.decimal):
            return found
        # Each fraction has three digits: these are thousands.
        return NumberFormat("," if found.decimal == "." else ".", found.decimal)

    @cached_property
    def numbers(self) -> np.ndarray:  # type: ignore[type-arg]
        """Distinct values as numbers; none for others."""
        if self.number is None:
            return np.empty(0)
        return self.number.parse(self.distinct).drop_null().to_numpy()  # type: ignore[no-any-return]

    @property
    def is_whole(self) -> bool:
        """Whether the values are whole numbers without a decimal point."""
        return self.number is not None and not pc.any(pc.match_substring_regex(self.distinct, r"[.,]\d{1,2}$")).as_py()

    @cached_property
    def time(self) -> str | None:
        """Pattern of times, see `TimeFormat`; None for other values."""
        few = self.distinct[:_FEW]
        if not len(few) or not pc.all(pc.match_substring_regex(few, r"\d")).as_py():
            return None
        return next((pattern for pattern in self._candidates(few) if self._are_times(few, pattern)
                     and self._are_times(self.distinct, pattern)), None)  # fmt: skip

    @property
    def other_time(self) -> str | None:
        """Pattern with day and month the other way round that fits too."""
        if self.time is None or not {"%d", "%m"} <= set(re.findall("%.", self.time)) or self.time.startswith("%Y"):
            return None
        swapped = self.time.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
        return swapped if "." not in self.time and self._are_times(self.distinct, swapped) else None

    @property
    def has_zone(self) -> bool:
        """Whether times need no time zone."""
        if self.time == ISO:
            return bool(pc.all(TimeFormat(ISO).parse(self.distinct).is_valid()).as_py())
        return self.time in EPOCHS or "%z" in (self.time or "")

    @property
    def is_day(self) -> bool:
        """Whether times are days."""
        return self.time is not None and not pc.any(pc.match_substring(self.distinct, ":")).as_py() and (
            self.time in {*_DAYS, ISO, "%Y%m%d"}
        )  # fmt: skip

    @cached_property
    def clock(self) -> str | None:
        """Pattern of times of day; None for other values."""
        dated = pc.binary_join_element_wise(_DAY.strip(), self.distinct[:_FEW], " ")
        patterns = (f"%Y-%m-%d {clock}" for clock in _CLOCKS)
        return next((one.partition(" ")[2] for one in patterns if self._are_times(dated, one)), None)

    @cached_property
    def flag(self) -> tuple[str, str] | None:
        """Texts of true and false; None for other values."""
        found = {text.lower() for text in self.distinct.to_pylist()} if len(self.distinct) <= SHOWN else set()
        pairs = [pair.split(" ") for pair in FLAGS]
        return next(((true, false) for true, false in pairs if found and found <= {true, false}), None)

    @property
    def is_currency(self) -> bool:
        """Whether values are codes of three capitals."""
        return 0 < len(self.distinct) <= 200 and bool(pc.all(pc.match_substring_regex(self.distinct, _CODE)).as_py())

    @cached_property
    def has_card_numbers(self) -> bool:
        """Whether values are card numbers."""
        count = CardNumberCount()
        count.add(self.distinct)
        return count.are_card_numbers

    def _candidates(self, few: pa.Array) -> list[str]:
        if self.number is None:
            dated = pc.all(pc.match_substring_regex(few, _DATED)).as_py()
            return [ISO, *_PATTERNS] if dated else []
        lengths = set(pc.utf8_length(few).to_pylist())
        digits = _DIGITS.get(lengths.pop() if len(lengths) == 1 else 0)
        return [*([digits] if digits else []), *EPOCHS]

    def _are_times(self, texts: pa.Array, pattern: str) -> bool:
        times = TimeFormat(pattern, "UTC").parse(texts)
        valid = times.is_valid()
        if self.number is not None:  # any number may be a time, but not of these years
            valid = pc.and_(pc.greater_equal(times, EARLIEST_MS), pc.less(times, LATEST_MS)).fill_null(False)
        return bool((pc.mean(valid.cast(pa.int8())).as_py() or 0) >= MIN_SHARE)

    def _has(self, sign: str) -> bool:
        return bool(pc.any(pc.match_substring(self.distinct, sign)).as_py())

    def _share(self, parsed: pa.Array) -> float:
        return 1 - parsed.null_count / len(parsed) if len(parsed) else 0.0

"""Numbers as texts: decimal commas, thousands separators, signs and currency symbols."""

import re
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

DECIMALS = (".", ",")
THOUSANDS = {"": "", ",": ",", ".": r"\.", " ": "[ \u00a0\u2009\u202f]", "'": "['\u2019]"}
"""Pattern of each thousands separator; a space may be any of the narrow and the unbreakable ones."""

_MINUS = "\u2212"
_CURRENCY = "(?:[A-Z]{3}|[€$£¥₹])"
_ENDS = rf"^([-+{_MINUS}(]?)\s*{_CURRENCY}?\s*([-+{_MINUS}]?)|\s*{_CURRENCY}$"


@dataclass(frozen=True)
class NumberFormat:
    """Format of numbers.

    Attributes
    ----------
    decimal : str
        Decimal separator, one of `DECIMALS`.
    thousands : str
        Thousands separator, one of `THOUSANDS`; empty: none.
    """

    decimal: str = "."
    thousands: str = ""

    @cached_property
    def _pattern(self) -> str:
        group, point = THOUSANDS[self.thousands], re.escape(self.decimal)
        # A group of two digits is Indian; the last has three.
        grouped = rf"\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}|" if group else ""
        return rf"^-?(?:(?:{grouped}\d+)(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d{{1,2}})?$"

    def parse(self, texts: pa.Array) -> pa.Array:
        """Return the numbers of n texts as float64; null where a text is none or is null."""
        if self == PLAIN and (numbers := _cast(texts)) is not None:
            return numbers
        bare = _without_symbols(texts)
        known = pc.match_substring_regex(bare, self._pattern)
        bare = pc.if_else(known, bare, pa.scalar(None, pa.string()))
        if self.thousands:
            bare = pc.replace_substring_regex(bare, THOUSANDS[self.thousands], "")
        return pc.replace_substring(bare, self.decimal, ".").cast(pa.float64())


PLAIN = NumberFormat()


def _cast(texts: pa.Array) -> pa.Array | None:
    """Return texts that all are plain numbers as numbers, else None."""
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return numbers if pc.all(pc.is_finite(numbers)).as_py() is not False else None


def _without_symbols(texts: pa.Array) -> pa.Array:
    """Return texts with a minus in front, and without a plus, a currency's symbol or code, and outer spaces."""
    bare = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), _ENDS, r"\1\2")
    bare = pc.replace_substring_regex(bare, r"^\((.*)\)$|^([^-]*)-$", r"-\1\2")
    return pc.replace_substring_regex(pc.replace_substring(bare, _MINUS, "-"), r"^\+", "")

"""Card numbers in columns that should have none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MIN_CARDS = 3
"""Distinct card numbers that make a column one of card numbers: a single number may have the digits by chance."""

MIN_SHARE = 0.5
"""Share of valid check digits among numbers with a brand's digits; of numbers that are no cards a tenth has one."""

_BRANDS = (
    r"4(?:\d{12}|\d{15}|\d{18})",  # Visa
    r"(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}",  # Mastercard
    r"3[47]\d{13}",  # American Express
    r"3(?:0[0-5]|[689]\d)\d{11}",  # Diners Club
    r"6(?:011|4[4-9]\d|5\d{2})\d{12}(?:\d{3})?",  # Discover
    r"35(?:2[89]|[3-8]\d)\d{12}(?:\d{3})?",  # JCB
    r"62\d{14}(?:\d{3})?",  # UnionPay
    r"(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}",  # Maestro, of which 12 digits may be anything
    r"220[0-4]\d{12}",  # Mir
)
_GROUPS = r"\d(?:[ -]?\d){12,18}"
_DIGITS = rf"(?:^|\D)(?P<number>{_GROUPS})(?:\D|$)"
_NUMBER = re.compile(rf"(?<!\d){_GROUPS}(?!\d)", re.ASCII)
_BRAND = f"^(?:{'|'.join(_BRANDS)})$"
_SHOWN = 4


def card_candidates(texts: pa.Array) -> pa.Array:
    """Return the digits of texts that contain a number with a card brand's digits and length, null for others."""
    if not len(texts) or not pc.any(pc.match_substring_regex(texts, r"\d(?:[ -]?\d){12}")).as_py():
        return pa.nulls(len(texts), pa.string())
    found = pc.struct_field(pc.extract_regex(texts, _DIGITS), "number")
    digits = pc.replace_substring_regex(found, "[ -]", "")
    return pc.if_else(pc.match_substring_regex(digits, _BRAND), digits, pa.scalar(None, pa.string()))


def has_check_digit(digits: str) -> bool:
    """Return whether a number's last digit is the check digit of the others, by Luhn's formula."""
    values = np.frombuffer(digits.encode(), np.uint8)[::-1] - ord("0")
    doubled = values[1::2].astype(np.int64) * 2
    return bool((values[::2].sum() + np.where(doubled > 9, doubled - 9, doubled).sum()) % 10 == 0)


def has_card_number(text: str) -> bool:
    """Return whether a text contains a card number anywhere."""
    return any(
        re.match(_BRAND, digits) and has_check_digit(digits)
        for digits in (re.sub("[ -]", "", number) for number in _NUMBER.findall(text))
    )


def masked(texts: pa.Array) -> pa.Array:
    """Return texts with all but the last digits of card numbers replaced."""
    candidates = card_candidates(texts)
    if candidates.null_count == len(candidates):
        return texts
    cards = [digits is not None and has_check_digit(digits) for digits in candidates.to_pylist()]
    stars = pc.binary_join_element_wise("****", pc.utf8_slice_codeunits(candidates, -_SHOWN), "")
    return pc.if_else(pa.array(cards), stars, texts)


@dataclass
class CardNumberCount:
    """Distinct numbers with a card brand's digits in a column, with and without a valid check digit.

    Attributes
    ----------
    cards, others : set of str
        Counted up to `max_distinct`.
    """

    max_distinct: int = 10_000
    cards: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def add(self, texts: pa.Array) -> None:
        """Count the texts of a part of the column."""
        if (room := self.max_distinct - len(self.cards) - len(self.others)) > 0:
            self._count(pc.unique(card_candidates(pc.unique(texts))).drop_null()[:room].to_pylist())

    @property
    def are_card_numbers(self) -> bool:
        """Whether so many check digits are right that the column holds card numbers."""
        share = len(self.cards) / max(len(self.cards) + len(self.others), 1)
        return len(self.cards) >= MIN_CARDS and share >= MIN_SHARE

    def _count(self, candidates: Iterable[str]) -> None:
        for digits in candidates:
            (self.cards if has_check_digit(digits) else self.others).add(digits)

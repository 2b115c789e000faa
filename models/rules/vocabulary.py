"""Names that a condition may have."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Names that a condition may have, by the type of their values.

    Attributes
    ----------
    expected : str
        The names in messages.
    flags : collection of str
        Names that are conditions on their own: 1 holds.
    numbers : collection of str
    texts : tuple of str
    names : tuple of str
        All of them, to propose the nearest one.
    """

    expected: str
    flags: Collection[str]
    numbers: Collection[str]
    texts: tuple[str, ...]
    names: tuple[str, ...]

"""Verbs of declared features."""

from enum import StrEnum, auto

NUMBERS = frozenset({"number", "flag", "time"})
"""Kinds of columns that have a number for each transaction: a flag 0 or 1, a time the hours before the event time."""

VALUES = frozenset({"number", "category", "text"})
"""Kinds of columns whose different values are counted."""

ANY = NUMBERS | VALUES


class Verb(StrEnum):
    """Computation of a declared feature; its value is the verb's name in TOML."""

    COUNT = auto()
    SUM = auto()
    MEAN = auto()
    DEVIATION = auto()
    MIN = auto()
    MAX = auto()
    COUNT_DISTINCT = auto()
    SHARE = auto()
    RATE = auto()
    LAST = auto()
    SINCE_LAST = auto()
    SEEN_BEFORE = auto()
    RATIO = auto()

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the columns that it takes; none for a share and a ratio."""
        return _KINDS.get(self, NUMBERS)

    @property
    def counts_all(self) -> bool:
        """Whether it may be of the transactions themselves, `true` in place of a column."""
        return self in {Verb.COUNT, Verb.RATE, Verb.SINCE_LAST}

    @property
    def needs_window(self) -> bool:
        """Whether it has no meaning without a window."""
        return self not in {Verb.LAST, Verb.SINCE_LAST, Verb.SEEN_BEFORE, Verb.RATIO}


_KINDS = {
    Verb.COUNT: ANY,
    Verb.COUNT_DISTINCT: VALUES,
    Verb.SINCE_LAST: ANY,
    Verb.SEEN_BEFORE: VALUES,
    Verb.SHARE: frozenset[str](),
    Verb.RATIO: frozenset[str](),
}

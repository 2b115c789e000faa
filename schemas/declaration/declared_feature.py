"""Declared feature of the transactions."""

from dataclasses import dataclass

from schemas.declaration.verb import Verb
from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS

MAX_WINDOW_MS = 90 * DAY_MS
"""Longest window, and that of a verb that may leave it out."""


@dataclass(frozen=True, kw_only=True)
class DeclaredFeature:
    """Aggregate of the earlier transactions of an entity, or the ratio of two others.

    Attributes
    ----------
    column : str or None
        Column that the verb takes; None: the transactions themselves.
    share : str or None
        Condition whose share is taken.
    parts : tuple of two str, or None
        Features that the ratio is of.
    entity : str
        Entity whose transactions are seen; of a ratio it means nothing.
    window_ms : int
        At event time t, transactions with ``t - window_ms <= event_time < t`` are seen.
    where : str or None
        Condition on the transactions that are seen; None: all are.
    """

    name: str
    verb: Verb
    column: str | None = None
    share: str | None = None
    parts: tuple[str, str] | None = None
    entity: str = "customer"
    window_ms: int = MAX_WINDOW_MS
    where: str | None = None

    @property
    def source(self) -> str:
        """The verb and what it takes, as in TOML."""
        operand = self.share or self.column or "true"
        return f"{self.verb} = {list(self.parts) if self.parts else operand}"

    @property
    def unit(self) -> str:
        """Unit of the feature; none where it is that of the column."""
        return _UNITS.get(self.verb, "")

    @property
    def window(self) -> str:
        """Length of the window in words."""
        for unit, unit_ms in (("d", DAY_MS), ("h", HOUR_MS)):
            if self.window_ms % unit_ms == 0 and self.window_ms > unit_ms:
                return f"{self.window_ms // unit_ms}{unit}"
        return f"{self.window_ms // MINUTE_MS}m"


_UNITS = {
    Verb.COUNT: "count",
    Verb.COUNT_DISTINCT: "count",
    Verb.SHARE: "share",
    Verb.RATE: "per hour",
    Verb.SINCE_LAST: "s",
    Verb.SEEN_BEFORE: "flag",
}

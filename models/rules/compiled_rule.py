"""Rule that is compiled for batches."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.rules.condition import Values
from models.rules.fields import FEATURE_COLUMNS
from models.rules.lookup import FOR_EVER_MS
from models.rules.rule_batch import RuleBatch
from schemas.rule_book import Rule


@dataclass(frozen=True, kw_only=True, eq=False)
class CompiledRule:
    """A rule that is ready for batches.

    Parameters
    ----------
    names : tuple of str
        The features and columns that it names, in their order.
    expires_ms : int
        The event time from which on it holds for nothing, milliseconds since 1970.
    """

    rule: Rule
    holds: Callable[[RuleBatch], Values]
    names: tuple[str, ...]
    expires_ms: int

    @property
    def feature(self) -> str | None:
        """The first feature that it names."""
        return next((name for name in self.names if name in FEATURE_COLUMNS), None)

    def hits(self, batch: RuleBatch) -> NDArray[np.bool_]:
        """Return for which transactions it holds, (n,)."""
        found: NDArray[np.bool_] = self.holds(batch)
        if found.shape != (len(batch),):  # no column is named
            found = np.full(len(batch), found)
        return found if self.expires_ms == FOR_EVER_MS else found & (batch.event_time_ms < self.expires_ms)

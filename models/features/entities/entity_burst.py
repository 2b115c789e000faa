"""Facts about an entity's last hour: payments of nearly the same amount."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def"
import numpy as np

from models.features.compiled import inlined
from schemas.durations import HOUR_MS

_SIMILAR = 1.25


@inlined
def describe_burst(entries, slot, size, now_ms, amount, facts, at):
    """Write the number of similar amounts by known customers, and by new ones, of the ``size`` entries before an event.

    Known is a customer who was not new to the entity at the entry's own time. The facts are written from ``at`` on.
    """
    known = new = 0
    for j in range(size - 1, -1, -1):
        entry = entries[slot, j]
        if entry.event_time_ms < now_ms - HOUR_MS:
            break
        other = np.float64(entry.amount)
        if other <= _SIMILAR * amount and amount <= _SIMILAR * other:
            new += entry.is_new
            known += not entry.is_new
    facts[at] = known
    facts[at + 1] = new

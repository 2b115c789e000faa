"""Facts about an entity's last hour: payments of nearly the same amount, and the usual number of them."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def"
import numpy as np

from models.features.compiled import inlined
from schemas.durations import HOUR_MS

BURST_FACTS = ("entity_similar_known", "entity_similar_new")
"""The facts that `describe_burst` writes, in this order."""

_SIMILAR = 1.25


@inlined
def describe_burst(entries, slot, size, now_ms, amount, facts, at):
    """Write the facts from ``at`` on, of the first ``size`` entries of the entity at a slot: those before the event."""
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

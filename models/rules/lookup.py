from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features.hashing import hash_column
from models.rules.rule_batch import RuleBatch

FOR_EVER_MS = np.iinfo(np.int64).max


class Lookup:
    """Finds a column's texts among many, each up to a time of its own.

    pyarrow's own lookup hashes the many anew for every batch: here they are kept sorted by hash. Equal hashes are
    compared as texts, so no name of an attacker's making passes for another.

    Parameters
    ----------
    texts : sequence of str
        Each once.
    until : sequence of datetime or None
        Of each the event time from which on it is not found; None: it always is.
    """

    def __init__(self, texts: Sequence[str], until: Sequence[datetime | None]) -> None:
        names = pa.array(texts, pa.string())
        hashes = hash_column(names)
        order = np.argsort(hashes, kind="stable")
        self._texts, self._hashes = names.take(pa.array(order)), hashes[order]
        ends = [FOR_EVER_MS if end is None else round(end.timestamp() * 1000) for end in until]
        self._until_ms = np.array(ends, np.int64)[order]
        self._ends = any(end is not None for end in until)

    def find(self, batch: RuleBatch, name: str) -> NDArray[np.bool_]:
        """Return which of the n texts of a column are among them at their transaction's event time, (n,) bool."""
        if not len(self._hashes):
            return np.zeros(len(batch), np.bool_)
        hashes = batch.hashes(name)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        found = self._hashes[places] == hashes
        if self._ends:
            found &= batch.event_time_ms < self._until_ms[places]
        rows = np.flatnonzero(found)
        if len(rows):
            texts, ours = batch.text(name).take(pa.array(rows)), self._texts.take(pa.array(places[rows]))
            found[rows] = pc.equal(texts, ours).to_numpy(zero_copy_only=False)
        return found

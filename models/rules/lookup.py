"""Membership of texts in lists with expiry."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.hashing import hash_column
from models.rules.text_column import TextColumns
from models.rules.text_search import search_texts, warm_up_search
from schemas.arrow_buffers import string_data, string_offsets

FILTER_SLOTS = 16
"""Minimum size of the filter per text, at which few other texts pass."""

FOR_EVER_MS = np.iinfo(np.int64).max


class Lookup:
    """Finds a column's texts among many, each up to a time of its own.

    pyarrow's own lookup hashes the many texts again for every batch: here they are sorted by hash, behind a filter that
    most of what is not among them does not pass. Equal hashes are compared as texts, so no name that an attacker makes
    passes for another.

    Parameters
    ----------
    texts : sequence of str
        Each once.
    until : sequence of datetime or None
        Of each the event time from which on it is not found; None: it always is.
    """

    def __init__(self, texts: Sequence[str], until: Sequence[datetime | None]) -> None:
        warm_up_search()
        names = pa.array(texts, pa.string())
        hashes = hash_column(names)
        order = np.argsort(hashes, kind="stable")
        names = names.take(pa.array(order))
        self._hashes, self._ends, self._texts = hashes[order], string_offsets(names), string_data(names)
        until_ms = [FOR_EVER_MS if end is None else round(end.timestamp() * 1000) for end in until]
        self._until_ms = np.array(until_ms, np.int64)[order]
        self._filter = np.zeros(1 << (FILTER_SLOTS * len(texts)).bit_length(), np.bool_)
        self._filter[hashes & np.uint64(len(self._filter) - 1)] = True

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._hashes)

    def find(self, batch: TextColumns, name: str) -> NDArray[np.bool_]:
        """Return which of the n texts of a column are among them at their transaction's event time, (n,) bool."""
        found = np.empty(len(batch), np.bool_)
        text = batch.text(name)
        search_texts(
            text.offsets, text.data, text.first, text.hashes, batch.event_time_ms, self._filter,
            self._hashes, self._ends, self._texts, self._until_ms, found,
        )  # fmt: skip
        return found

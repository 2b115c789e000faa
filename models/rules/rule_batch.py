from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.hashing import hash_column
from models.rules.fields import FEATURE_COLUMNS, MARKED_MISSING, SCORE
from schemas.arrow_buffers import is_null, numbers


class RuleBatch:
    """n scored transactions as conditions see them; each column is made when it is first asked for.

    Parameters
    ----------
    records : pyarrow.RecordBatch, n rows
        With `event_time`, and those of `TEXTS` that the rules name.
    x : ndarray of float32, (n, F)
        May hold NaN, which is missing.
    scores : ndarray of float32, (n,)
    """

    def __init__(self, records: pa.RecordBatch, x: NDArray[np.float32], scores: NDArray[np.float32]) -> None:
        self._records, self._x = records, x
        self._numbers = {SCORE: scores}
        self._hashes: dict[str, NDArray[np.uint64]] = {}
        self.event_time_ms: NDArray[np.int64] = numbers(records.column("event_time"), np.int64)

    def __len__(self) -> int:
        return len(self._x)

    def number(self, name: str) -> NDArray[np.float32]:
        """Return a feature or the score, (n,); NaN where it is missing."""
        found = self._numbers.get(name)
        if found is None:
            column = FEATURE_COLUMNS[name]
            found = np.ascontiguousarray(self._x[:, column])
            if MARKED_MISSING[column]:
                found = np.where(found == -1, np.float32(np.nan), found)
            self._numbers[name] = found
        return found

    def text(self, name: str) -> pa.Array:
        """Return a column of texts, null where it is missing."""
        return self._records.column(name)

    def absent(self, name: str) -> NDArray[np.bool_]:
        """Return where a text is missing, (n,)."""
        return is_null(self.text(name))

    def hashes(self, name: str) -> NDArray[np.uint64]:
        """Return the hash of each text, see `hash_column`."""
        found = self._hashes.get(name)
        if found is None:
            found = self._hashes[name] = hash_column(self.text(name))
        return found

"""A column of texts as rule conditions read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.hashing import hash_column

_NOTHING = np.empty(0, np.uint8)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TextColumn:
    """Arrow buffers of n texts, and the texts' hashes.

    Parameters
    ----------
    offsets : ndarray of int32
        Start of each text in ``data``; the first text has number ``first``.
    data : ndarray of uint8
    hashes : ndarray of uint64, (n,)
        From `hash_column`; 0 where a text is missing.
    """

    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]
    first: int
    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, column: pa.Array) -> TextColumn:
        """Return the buffers of a column of strings."""
        _, offsets, data = column.buffers()
        return cls(
            offsets=np.frombuffer(offsets, np.int32),
            data=np.frombuffer(data, np.uint8) if data else _NOTHING,
            first=column.offset,
            hashes=hash_column(column),
        )


class TextColumns(Protocol):
    """Batch of n transactions whose texts are looked up by column name."""

    event_time_ms: NDArray[np.int64]

    def __len__(self) -> int: ...

    def text(self, name: str) -> TextColumn:
        """Return a column of texts."""
        ...

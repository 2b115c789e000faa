"""How far a shard knows the labels of each partition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.label_offset import label_entry
from schemas.position import generation_of, offset_of, partition_of


class LabelOffsets:
    """For each partition of the labels topic the next label that a shard does not know, see `schemas.label_offset`.

    A shard is given only labels of its own, those of a partition in their sequence: it knows all of its own below.

    Parameters
    ----------
    state : ValueState of int64 numbers
        With the shard's key current, now and at each call.

    Attributes
    ----------
    values : list of int
        By partition; a partition that is not listed had no label for the shard.
    """

    def __init__(self, state: Any) -> None:
        self._state = state
        self.values: list[int] = np.frombuffer(state.value() or b"", np.int64).tolist()

    def unknown(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the labels at some positions, (n,), are not known.

        Kafka repeats nothing that the state has, but a topic that is read again from its beginning does.
        """
        partitions = partition_of(positions)
        next_entries = np.zeros(max(int(partitions.max(initial=-1)) + 1, len(self.values)), np.int64)
        next_entries[: len(self.values)] = self.values
        unknown: NDArray[np.bool_] = _entries(positions) >= next_entries[partitions]
        return unknown

    def note(self, positions: NDArray[np.int64]) -> None:
        """Store that the labels at some positions, which were not known, are known now."""
        if not len(positions):
            return
        partitions, entries = partition_of(positions), _entries(positions)
        next_entries = np.zeros(max(int(partitions.max()) + 1, len(self.values)), np.int64)
        next_entries[: len(self.values)] = self.values
        np.maximum.at(next_entries, partitions, entries + 1)
        self.values = next_entries.tolist()
        self._state.update(next_entries.tobytes())


def _entries(positions: NDArray[np.int64]) -> NDArray[np.int64]:
    # Those of a topic that was created again are greater than all before, so the former topic's do not stay.
    entries: NDArray[np.int64] = label_entry(generation_of(positions), offset_of(positions))
    return entries

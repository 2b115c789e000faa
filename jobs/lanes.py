"""Lanes: the shards that one subtask has, which a blob reaches all at once.

What crosses the JVM has a fixed cost, so an operator sends one blob to a subtask and not one to each of its shards.
A lane is known by the key of its first shard, which Flink's exchange sends to that subtask. The number of subtasks
may change with each restart: lanes are an address on the way, and no state is kept under one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.flink_hash import MAX_PARALLELISM, row_key_groups


class LanePart(NamedTuple):
    """Those of n rows that are of a lane's shards.

    Parameters
    ----------
    lane : int
        Key of the lane.
    rows : ndarray of int64, (m,)
        Those of a shard in their sequence, one shard after the other.
    shards, counts : ndarray of int64, (s,)
        Keys of the shards that have any, and their numbers of rows.
    """

    lane: int
    rows: NDArray[np.intp]
    shards: NDArray[np.int64]
    counts: NDArray[np.int64]


NO_PART = LanePart(0, np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0, np.int64))
"""Part of a lane that has none of the rows."""


class Lanes:
    """Lanes of an operator that is keyed by shard.

    Parameters
    ----------
    shard_keys : sequence of int
        Keys of the operator's N shards, see `SHARD_KEYS`.
    parallelism : int
        Subtasks of the operator.
    """

    def __init__(self, shard_keys: Sequence[int], parallelism: int) -> None:
        self._keys = np.array(shard_keys, np.int64)
        subtasks = row_key_groups(self._keys) * parallelism // MAX_PARALLELISM
        found, first, lanes = np.unique(subtasks, return_index=True, return_inverse=True)
        self._first_shards = np.append(first, len(self._keys))
        self.keys: list[int] = self._keys[first].tolist()
        if len(found) > 1 and (np.diff(lanes) < 0).any():
            raise ValueError(f"shard_keys: expected keys in the sequence of their key groups, got {shard_keys}")
        self._by_key = np.argsort(self._keys)
        self._sorted_keys = self._keys[self._by_key]

    def numbers_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers, 0 to N - 1, of shards by their keys, (n,)."""
        found: NDArray[np.int64] = self._by_key[np.searchsorted(self._sorted_keys, keys)]
        return found

    def parts(self, numbers: NDArray[np.int64]) -> Iterator[LanePart]:
        """Yield the lanes that have any of n rows, by the numbers, 0 to N - 1, of the rows' shards, (n,)."""
        sequence = np.argsort(numbers, kind="stable")
        counts = np.bincount(numbers, minlength=len(self._keys))
        bounds = np.concatenate(([0], np.cumsum(counts)))[self._first_shards]
        for lane, key in enumerate(self.keys):
            begin, end = bounds[lane], bounds[lane + 1]
            if begin == end:
                continue
            mine = slice(self._first_shards[lane], self._first_shards[lane + 1])
            some = counts[mine] > 0
            yield LanePart(key, sequence[begin:end], self._keys[mine][some], counts[mine][some])


def encode_shards(part: LanePart) -> bytes:
    """Return the shards of a lane's blob, and how many of its rows each has, as bytes."""
    return np.concatenate((part.shards, part.counts)).astype("<i8").tobytes()


def decode_shards(raw: bytes | memoryview) -> Iterator[tuple[int, slice]]:
    """Yield each shard's key of `encode_shards`, and its rows in the blob."""
    keys, counts = np.frombuffer(raw, "<i8").reshape(2, -1)
    ends = np.cumsum(counts).tolist()
    for key, begin, end in zip(keys.tolist(), [0, *ends][:-1], ends, strict=True):
        yield key, slice(begin, end)

"""Map state in several parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from jobs.job_config import Mode
from jobs.operators.map_state import put_all

_BUCKET_SHIFT = 40  # other bits than those that choose a shard, and a slot in hash tables


Key = TypeVar("Key", str, int)


def high_bits(key: int) -> int:
    """Return the bits of a hash that choose a bucket."""
    return key >> _BUCKET_SHIFT


class BucketedMap(Generic[Key]):
    """Map state of key to bytes, in parts by a hash of the key.

    Flink's backend in memory copies a map as a whole when it changes for the first time after a checkpoint, on the
    thread that processes the stream. One that changes bucket by bucket is copied bucket by bucket, and most of it not
    at all until the next checkpoint.

    Parameters
    ----------
    parts : sequence of MapState
        A power of two of them.
    mode : Mode
    hash_of : callable of key to int
        Its lowest bits choose the part.
    """

    def __init__(self, parts: Sequence[Any], mode: Mode, hash_of: Callable[[Key], int]) -> None:
        self._parts, self._mode = parts, mode
        self._hash_of: Callable[[Key], int] = hash_of

    def bucket(self, key: Key) -> int:
        """Return the bucket of a key."""
        return self._hash_of(key) & (len(self._parts) - 1)

    def get(self, key: Key) -> bytes | None:
        """Return the value of a key."""
        found: bytes | None = self._parts[self.bucket(key)].get(key)
        return found

    def contains(self, key: Key) -> bool:
        """Return whether a key has a value."""
        return bool(self._parts[self.bucket(key)].contains(key))

    def remove(self, key: Key) -> None:
        """Remove a key."""
        self._parts[self.bucket(key)].remove(key)

    def put_all(self, entries: Mapping[Key, bytes]) -> None:
        """Put entries, those of a bucket at once."""
        by_bucket: dict[int, dict[Key, bytes]] = {}
        for key, value in entries.items():
            by_bucket.setdefault(self.bucket(key), {})[key] = value
        for bucket, found in by_bucket.items():
            put_all(self._parts[bucket], found, self._mode)

    def items(self) -> Iterator[tuple[Key, bytes]]:
        """Yield all keys with their values."""
        for part in self._parts:
            yield from part.items()

    def keys(self) -> Iterator[Key]:
        """Yield all keys."""
        for part in self._parts:
            yield from part.keys()

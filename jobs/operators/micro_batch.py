"""Micro-batches as the operators receive them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pyflink.common import Row


class MicroBatch(NamedTuple):
    """Records of one kind, see `record_types.MICRO_BATCH`."""

    kind: int
    keys: Sequence[Any]
    payloads: Sequence[bytes]
    positions: Sequence[int]
    stamps: Sequence[int]


def sharded(shard: int, kind: int, payload: bytes, positions: list[int]) -> Row:
    """Return a SHARDED_BATCH whose one payload has a whole batch."""
    return Row(shard, Row(kind, [""], [payload], positions, [0]))

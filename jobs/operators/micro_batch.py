"""Micro-batches as the operators receive them."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class MicroBatch(NamedTuple):
    """Records of one kind, see `record_types.MICRO_BATCH`."""

    kind: int
    keys: Sequence[Any]
    payloads: Sequence[bytes]
    positions: Sequence[int]
    stamps: Sequence[int]

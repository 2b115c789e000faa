"""Map state of customer histories."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from jobs.job_config import Mode
from jobs.operators.bucketed_map import BucketedMap

_SEEN = struct.Struct("<q")


class HistoryMap(BucketedMap[str]):
    """Map state of customer_id to `encode_history`, each with the number of the first log entry that it has not seen.

    Parameters
    ----------
    parts : sequence of MapState
        A power of two of them.
    mode : Mode
    """

    def __init__(self, parts: list[Any], mode: Mode) -> None:
        super().__init__(parts, mode, lambda customer: crc32(customer.encode()))

    def get(self, key: str) -> bytes | None:
        """Return the history of a customer."""
        found = super().get(key)
        return None if found is None else found[: -_SEEN.size]

    def first_unseen(self, key: str) -> int:
        """Return the number of the first log entry that a customer's history has not seen, 0 without a history."""
        found = super().get(key)
        return 0 if found is None else int(_SEEN.unpack_from(found, len(found) - _SEEN.size)[0])

    def put_all(self, entries: Mapping[str, bytes], first_unseen: int = 0) -> None:
        """Put histories that have seen the log up to an entry."""
        seen = _SEEN.pack(first_unseen)
        super().put_all({customer: history + seen for customer, history in entries.items()})

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Yield all customers with their histories."""
        for customer, found in super().items():
            yield customer, found[: -_SEEN.size]

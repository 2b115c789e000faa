"""Latency from a transaction to its score."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from schemas.framing import HEADER_BYTES

MAX_HELD = 100_000
"""Ids whose other half is still to come. With more the oldest is forgotten, and not measured."""


class ScoreLatency:
    """Finds how long it took from a transaction's record to its score's, by the times that Kafka keeps of both."""

    def __init__(self, most: int = MAX_HELD) -> None:
        self._most = most
        self._published: OrderedDict[Hashable, int] = OrderedDict()
        self._scored: OrderedDict[Hashable, int] = OrderedDict()

    def publish(self, transaction: Hashable, time_ms: int) -> float | None:
        """Note a transaction; return the seconds until its score where that was seen already."""
        scored_ms = self._scored.pop(transaction, None)
        return self._seconds(self._published, transaction, time_ms, time_ms, scored_ms)

    def score(self, transaction: Hashable, time_ms: int) -> float | None:
        """Note a score; return the seconds since its transaction where that was seen already."""
        published_ms = self._published.pop(transaction, None)
        return self._seconds(self._scored, transaction, time_ms, published_ms, time_ms)

    def _seconds(
        self,
        held: OrderedDict[Hashable, int],
        transaction: Hashable,
        time_ms: int,
        published_ms: int | None,
        scored_ms: int | None,
    ) -> float | None:
        if published_ms is not None and scored_ms is not None:
            return max(0, scored_ms - published_ms) / 1000
        held[transaction] = time_ms
        if len(held) > self._most:
            held.popitem(last=False)
        return None


def leading_text(payload: bytes) -> bytes:
    """Return the text that a framed record begins with, undecoded: of transactions and scores it is the id.

    Decoding the whole record costs ten times as much. Nothing is returned for what is too short.
    """
    size, shift, place = 0, 0, HEADER_BYTES
    for byte in payload[HEADER_BYTES : HEADER_BYTES + 3]:
        size |= (byte & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if not byte & 0x80:
            break
    return payload[place : place + (size >> 1)]

"""Latency from a transaction to its score."""

from collections import OrderedDict
from collections.abc import Hashable

from schemas.framing import HEADER_BYTES

MAX_HELD = 100_000
"""Maximum number of ids that wait for their counterpart; beyond it the oldest is dropped."""


class ScoreLatency:
    """Latency from transactions to their scores, by the Kafka timestamps of both records."""

    def __init__(self, max_held: int = MAX_HELD) -> None:
        self._max_held = max_held
        self._published: OrderedDict[Hashable, int] = OrderedDict()
        self._scored: OrderedDict[Hashable, int] = OrderedDict()

    def publish(self, transaction: Hashable, time_ms: int) -> float | None:
        """Record a transaction, and return the seconds to its score if that was seen already."""
        scored_ms = self._scored.pop(transaction, None)
        return self._seconds(self._published, transaction, time_ms, time_ms, scored_ms)

    def score(self, transaction: Hashable, time_ms: int) -> float | None:
        """Record a score, and return the seconds from its transaction if that was seen already."""
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
        if len(held) > self._max_held:
            held.popitem(last=False)
        return None


def leading_text(payload: bytes) -> bytes:
    """Return the leading text of a framed record, undecoded: the id of transactions and scores.

    Decoding the whole record costs ten times as much. Empty for a record that is too short.
    """
    size, shift, start = 0, 0, HEADER_BYTES
    for byte in payload[HEADER_BYTES : HEADER_BYTES + 3]:
        size |= (byte & 0x7F) << shift
        shift, start = shift + 7, start + 1
        if not byte & 0x80:
            break
    return payload[start : start + (size >> 1)]

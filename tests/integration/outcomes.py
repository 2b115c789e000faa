"""Outcomes of many records as a few numbers each, so that a million fit into memory."""

from array import array
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from schemas.rejection import Reason

REASONS = [*Reason]
REASON_BITS, OFFSET_BITS, PARTITION_BITS = 8, 40, 8


class Outcomes:
    """Outputs for input records: the transaction of each score; record, reason and bytes of each dead letter.

    Parameters
    ----------
    topics : sequence of str
        Topics of the records.
    """

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = [*topics]
        self._scores, self._letters, self._contents = array("q"), array("q"), array("q")

    @property
    def scores(self) -> int:
        """Number of scores."""
        return len(self._scores)

    @property
    def letters(self) -> int:
        """Number of dead letters."""
        return len(self._letters)

    @property
    def reasons(self) -> Counter[str]:
        """Number of dead letters by reason."""
        numbers = np.array(self._letters, np.int64) & ((1 << REASON_BITS) - 1)
        return Counter(
            {REASONS[number].value: count for number, count in enumerate(np.bincount(numbers).tolist()) if count}
        )

    def add_score(self, customer_id: str, transaction_id: str, event_time: datetime) -> None:
        """Add the score of a transaction."""
        self._scores.append(hash((customer_id, transaction_id, event_time)))

    def add_letter(self, topic: str, partition: int, offset: int, reason: str, payload: bytes) -> None:
        """Add the dead letter of a record."""
        position = self._topics.index(topic) << PARTITION_BITS | partition
        position = position << OFFSET_BITS | offset
        self._letters.append(position << REASON_BITS | REASONS.index(Reason(reason)))
        self._contents.append(hash(payload))

    def require_equal(self, expected: "Outcomes") -> None:
        """Fail, with the first differences, unless each outcome is there exactly as often as expected."""
        ours, theirs = self._sorted_letters(), expected._sorted_letters()
        if not np.array_equal(ours, theirs):
            more, fewer = (self._described(a, b) for a, b in ((ours, theirs), (theirs, ours)))
            raise AssertionError(f"letters that were not expected: {more}; that are missing: {fewer}")
        assert np.array_equal(np.sort(self._scores), np.sort(expected._scores)), "other transactions were scored"

    def _sorted_letters(self) -> np.ndarray:
        """Return the letters and the hashes of their payloads, sorted, (n, 2)."""
        both = np.stack([np.array(self._letters, np.int64), np.array(self._contents, np.int64)], axis=1)
        return both[np.lexsort((both[:, 1], both[:, 0]))]

    def _described(self, some: np.ndarray, others: np.ndarray) -> str:
        known = Counter(map(tuple, others.tolist()))
        known.subtract(Counter(map(tuple, some.tolist())))
        extra = sorted(number for (number, _), count in known.items() if count < 0)
        return f"{len(extra):,}, {[self._letter(number) for number in extra[:5]]}"

    def _letter(self, number: int) -> tuple[str, int, int, str]:
        position, reason = number >> REASON_BITS, REASONS[number & ((1 << REASON_BITS) - 1)]
        partition = position >> OFFSET_BITS
        topic = self._topics[partition >> PARTITION_BITS]
        offset = position & ((1 << OFFSET_BITS) - 1)
        return topic, partition & ((1 << PARTITION_BITS) - 1), offset, reason.value

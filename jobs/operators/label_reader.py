"""Micro-batches of labels, decoded once for all shards of a subtask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jobs.operators.guarded_decoder import GuardedDecoder
from jobs.operators.settled import NOT_OF_DATA, internal
from jobs.record_types import STAMP_MASK, kafka_times_ms
from models.features.label_batch import LabelBatch
from schemas.rejection import Reason, Rejection

if TYPE_CHECKING:
    from schemas.label_batch import LabelBatchDecoder


@dataclass(frozen=True, eq=False)
class ReadLabels:
    """Labels of a micro-batch of m records.

    Attributes
    ----------
    labels : LabelBatch
        The n good ones.
    rejections : list of Rejection
        The others.
    shards : ndarray of int64, (n,)
        Of the good ones' customers.
    positions : ndarray of int64, (m,)
        Of all records.
    keys, payloads : sequence, m of them
        Of all records.
    """

    labels: LabelBatch
    rejections: list[Rejection]
    shards: NDArray[np.int64]
    positions: NDArray[np.int64]
    keys: Sequence[str | None]
    payloads: Sequence[bytes]

    def for_shard(self, key: int) -> LabelBatch:
        """Return the labels as one shard learns them."""
        return replace(self.labels, mine=self.shards == key)

    def letters(self, failed: Mapping[int, Exception], key: int) -> list[Rejection]:
        """Return rejections of good labels that could not be learned, of those whose customers are a shard's."""
        good = np.delete(np.arange(len(self.positions)), [rejection.row for rejection in self.rejections])
        return [
            Rejection(int(good[row]), Reason.INTERNAL, internal(error))
            for row, error in failed.items()
            if self.shards[row] == key
        ]


class LabelReader:
    """Decoder of micro-batches of labels, each once for all shards of a subtask.

    Parameters
    ----------
    decoder : LabelBatchDecoder
    plain : str and bytes
        Key and payload of a valid label.
    """

    def __init__(self, decoder: LabelBatchDecoder, plain: tuple[str, bytes]) -> None:
        self._decoder = GuardedDecoder(decoder, plain)
        self._stricter = GuardedDecoder(decoder, plain, LabelBatch.of)
        self._last: ReadLabels | None = None

    def read(
        self, keys: Sequence[str | None], payloads: Sequence[bytes], positions: Sequence[int], stamps: Sequence[int]
    ) -> ReadLabels:
        """Decode a batch, see `record_types`."""
        times_ms = kafka_times_ms(stamps)
        batch = self._decoder.decode(keys, payloads, times_ms)
        try:
            labels = LabelBatch.of(batch.records)
        except NOT_OF_DATA:
            raise
        except Exception:
            batch = self._stricter.decode(keys, payloads, times_ms)
            labels = LabelBatch.of(batch.records)
        shards = np.array(stamps, np.int64) & STAMP_MASK
        good = np.delete(shards, [rejection.row for rejection in batch.rejections])
        self._last = ReadLabels(labels, batch.rejections, good, np.array(positions, np.int64), keys, payloads)
        return self._last

    def last(self, position: int) -> ReadLabels:
        """Return the last batch of `read` for another shard; ``position`` is that of its first record.

        Raises
        ------
        RuntimeError
            It was another batch.
        """
        if self._last is None or self._last.positions[0] != position:
            raise RuntimeError(f"labels from position {position}: expected them to be read for an earlier shard first")
        return self._last

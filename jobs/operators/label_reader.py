"""Micro-batches of labels, decoded for the shards of their customers and entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jobs.operators.guarded_decoder import GuardedDecoder
from jobs.operators.settled import NOT_OF_DATA
from jobs.record_types import STAMP_MASK, kafka_times_ms
from models.features.label_batch import LabelBatch
from schemas.rejection import Rejection

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
    rows : ndarray of int64, (n,)
        Rows of the good ones among the m.
    shards, positions : ndarray of int64, (n,)
        Shards of the good ones' customers, and their positions.
    """

    labels: LabelBatch
    rejections: list[Rejection]
    rows: NDArray[np.int64]
    shards: NDArray[np.int64]
    positions: NDArray[np.int64]


class LabelReader:
    """Decoder of micro-batches of labels.

    Parameters
    ----------
    decoder : LabelBatchDecoder
    plain : str and bytes
        Key and payload of a valid label.
    """

    def __init__(self, decoder: LabelBatchDecoder, plain: tuple[str, bytes]) -> None:
        self._decoder = GuardedDecoder(decoder, plain)
        self._stricter = GuardedDecoder(decoder, plain, LabelBatch.of)

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
        rows = np.delete(np.arange(len(keys)), [rejection.row for rejection in batch.rejections])
        shards, where = np.array(stamps, np.int64)[rows] & STAMP_MASK, np.array(positions, np.int64)[rows]
        return ReadLabels(labels, batch.rejections, rows, shards, where)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jobs.record_types import STAMP_MASK, kafka_times_ms
from models.features.label_batch import LabelBatch

if TYPE_CHECKING:
    from schemas.label_batch import LabelBatchDecoder
    from schemas.rejection import Rejection


@dataclass(frozen=True, eq=False)
class ReadLabels:
    """What a micro-batch of m records held.

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
    """

    labels: LabelBatch
    rejections: list[Rejection]
    shards: NDArray[np.int64]
    positions: NDArray[np.int64]

    def for_shard(self, key: int) -> LabelBatch:
        """Return the labels as one shard learns them."""
        return replace(self.labels, mine=self.shards == key)


class LabelReader:
    """Decodes micro-batches of labels, each once for all shards of a subtask.

    Parameters
    ----------
    decoder : LabelBatchDecoder
    """

    def __init__(self, decoder: LabelBatchDecoder) -> None:
        self._decoder = decoder
        self._last: ReadLabels | None = None

    def read(
        self, keys: Sequence[str | None], payloads: Sequence[bytes], positions: Sequence[int], stamps: Sequence[int]
    ) -> ReadLabels:
        """Return what the records of a batch hold, see `record_types`."""
        batch = self._decoder.decode(keys, payloads, kafka_times_ms(stamps))
        shards = np.array(stamps, np.int64) & STAMP_MASK
        good = np.delete(shards, [rejection.row for rejection in batch.rejections])
        places = np.array(positions, np.int64)
        self._last = ReadLabels(LabelBatch.of(batch.records), batch.rejections, good, places)
        return self._last

    def last(self, position: int) -> ReadLabels:
        """Return what `read` did last, whose first record lay at ``position``: it is another shard's turn.

        Raises
        ------
        RuntimeError
            It was another batch.
        """
        if self._last is None or self._last.positions[0] != position:
            raise RuntimeError(f"labels from position {position}: expected them to be read for an earlier shard first")
        return self._last

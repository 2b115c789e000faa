"""Records with their positions in a topic."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class PositionedRecords(NamedTuple):
    """n records of a topic, and where each lay.

    Parameters
    ----------
    records : pyarrow.RecordBatch
        In the canonical columns of their kind.
    partitions, offsets : ndarray of int64, (n,)
    """

    records: pa.RecordBatch
    partitions: NDArray[np.int64]
    offsets: NDArray[np.int64]

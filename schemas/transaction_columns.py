from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_buffers import is_null, numbers, string_offsets

Offsets = npt.NDArray[np.int32]


class TransactionColumns(NamedTuple):
    """NumPy views of a batch of n transactions, taken once for all that is checked of it.

    Strings are their (n + 1,) offsets alone; a null string has no length.
    """

    transaction_id: Offsets
    customer_id: Offsets
    merchant_id: Offsets
    merchant_category: Offsets
    transaction_type: Offsets
    amount_minor: npt.NDArray[np.int64]
    currency: Offsets
    device_id: Offsets
    no_device: int
    latitude: npt.NDArray[np.float64]
    no_latitude: npt.NDArray[np.bool_]
    longitude: npt.NDArray[np.float64]
    no_longitude: npt.NDArray[np.bool_]
    event_time_ms: npt.NDArray[np.int64]

    @classmethod
    def of(cls, records: pa.RecordBatch) -> "TransactionColumns":
        """Return the views of a batch in the columns of TRANSACTION_ARROW."""
        columns: list[Any] = records.columns
        device, latitude, longitude = columns[7], columns[8], columns[9]
        return cls(
            *map(string_offsets, columns[:5]),
            numbers(columns[5], np.int64),
            string_offsets(columns[6]),
            string_offsets(device),
            device.null_count,
            numbers(latitude, np.float64),
            is_null(latitude),
            numbers(longitude, np.float64),
            is_null(longitude),
            numbers(columns[10], np.int64),
        )

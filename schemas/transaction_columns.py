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
    latitude: npt.NDArray[np.float64]
    no_latitude: npt.NDArray[np.bool_]
    longitude: npt.NDArray[np.float64]
    no_longitude: npt.NDArray[np.bool_]
    event_time_ms: npt.NDArray[np.int64]

    @classmethod
    def of(cls, records: pa.RecordBatch) -> "TransactionColumns":
        """Return the views of a batch in the columns of TRANSACTION_ARROW."""
        columns: list[Any] = records.columns
        latitude, longitude = columns[8], columns[9]
        return cls(
            transaction_id=string_offsets(columns[0]),
            customer_id=string_offsets(columns[1]),
            merchant_id=string_offsets(columns[2]),
            merchant_category=string_offsets(columns[3]),
            transaction_type=string_offsets(columns[4]),
            amount_minor=numbers(columns[5], np.int64),
            currency=string_offsets(columns[6]),
            device_id=string_offsets(columns[7]),
            latitude=numbers(latitude, np.float64),
            no_latitude=is_null(latitude),
            longitude=numbers(longitude, np.float64),
            no_longitude=is_null(longitude),
            event_time_ms=numbers(columns[10], np.int64),
        )

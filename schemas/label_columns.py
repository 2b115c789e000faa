from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_buffers import numbers, string_offsets

Offsets = npt.NDArray[np.int32]


class LabelColumns(NamedTuple):
    """NumPy views of a batch of n labels, taken once for all that is checked of it.

    Strings are their (n + 1,) offsets alone; the flag is not here, nothing of it can be wrong.
    """

    transaction_id: Offsets
    customer_id: Offsets
    merchant_id: Offsets
    amount_minor: npt.NDArray[np.int64]
    event_time_ms: npt.NDArray[np.int64]
    label_time_ms: npt.NDArray[np.int64]

    @classmethod
    def of(cls, records: pa.RecordBatch) -> "LabelColumns":
        """Return the views of a batch in the columns of LABEL_ARROW."""
        transaction, customer, merchant, amount, event_time, _, label_time = records.columns
        return cls(
            transaction_id=string_offsets(transaction),
            customer_id=string_offsets(customer),
            merchant_id=string_offsets(merchant),
            amount_minor=numbers(amount, np.int64),
            event_time_ms=numbers(event_time, np.int64),
            label_time_ms=numbers(label_time, np.int64),
        )

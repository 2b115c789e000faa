from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.columns import required, string_values
from models.features.hashing import hash_column
from schemas.arrow_buffers import numbers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LabelBatch:
    """n labels as the engine learns them, in the order of arrival.

    Parameters
    ----------
    transactions : ndarray of uint64, (n,)
        Hashes of transaction_id.
    customers, merchants : list of str
    verdicts : ndarray of int64, (n,)
        amount_minor * 2, and 1 more for fraud.
    label_times_ms : ndarray of int64, (n,)
    mine : ndarray of bool, (n,)
        Whether this engine scores the label's customer. All engines learn about the merchant.
    """

    transactions: NDArray[np.uint64]
    customers: list[str]
    merchants: list[str]
    verdicts: NDArray[np.int64]
    label_times_ms: NDArray[np.int64]
    mine: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.merchants)

    def __getitem__(self, rows: slice) -> LabelBatch:
        """Return some of the labels, as a view."""
        return replace(
            self,
            transactions=self.transactions[rows],
            customers=self.customers[rows],
            merchants=self.merchants[rows],
            verdicts=self.verdicts[rows],
            label_times_ms=self.label_times_ms[rows],
            mine=self.mine[rows],
        )

    @classmethod
    def of(cls, records: pa.RecordBatch) -> LabelBatch:
        """Return the labels of a batch in the columns of LABEL_ARROW, all of them mine.

        Raises
        ------
        ValueError
            A column has a null.
        """
        amounts_minor = numbers(required(records, "amount_minor"), np.int64)
        is_fraud = required(records, "is_fraud").to_numpy(zero_copy_only=False)
        return cls(
            transactions=hash_column(required(records, "transaction_id")),
            customers=string_values(required(records, "customer_id")),
            merchants=string_values(required(records, "merchant_id")),
            verdicts=amounts_minor * 2 + is_fraud,
            label_times_ms=numbers(required(records, "label_time"), np.int64),
            mine=np.full(records.num_rows, True),
        )


NO_LABELS = LabelBatch(
    transactions=np.empty(0, np.uint64),
    customers=[],
    merchants=[],
    verdicts=np.empty(0, np.int64),
    label_times_ms=np.empty(0, np.int64),
    mine=np.empty(0, np.bool_),
)

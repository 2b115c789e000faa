"""Batch of labels in arrival order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.columns import required, string_values
from models.features.hashing import hash_column, hash_pairs
from models.features.history import HistoryVersionError
from schemas.arrow_buffers import numbers

_ENCODED = pa.schema(
    [
        ("transaction", pa.uint64()), ("customer", pa.string()), ("merchant", pa.string()),
        ("verdict", pa.int64()), ("label_time_ms", pa.int64()), ("mine", pa.bool_()),
    ],
    metadata={"fraudstream": "labels v1"},
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LabelBatch:
    """n labels as the engine learns them, in the order of arrival.

    Parameters
    ----------
    transactions : ndarray of uint64, (n,)
        Hashes of customer_id and transaction_id; those that an earlier version logged are of transaction_id alone.
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

    def encode(self) -> bytes:
        """Return the labels as a durable Arrow stream; `decode` gives them back."""
        columns = [
            pa.array(self.transactions), pa.array(self.customers, pa.string()), pa.array(self.merchants, pa.string()),
            pa.array(self.verdicts), pa.array(self.label_times_ms), pa.array(self.mine),
        ]  # fmt: skip
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, _ENCODED) as writer:
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_ENCODED))
        return bytes(sink.getvalue())

    @classmethod
    def decode(cls, raw: bytes) -> LabelBatch:
        """Return the labels that `encode` was called on.

        Raises
        ------
        HistoryVersionError
            The bytes are of another version, or no encoded labels at all.
        """
        try:
            with pa.ipc.open_stream(raw) as reader:
                was, batch = reader.schema, reader.read_next_batch()
        except pa.ArrowInvalid as error:
            raise HistoryVersionError(f"Logged labels in the state: expected an Arrow stream, got: {error}") from None
        if not was.equals(_ENCODED, check_metadata=True):
            raise HistoryVersionError(
                f"Logged labels in the state: expected {_ENCODED.metadata}, got {was.metadata}. Restore from a "
                "savepoint of this version of fraudstream, or run the version that wrote this one."
            )
        return cls(
            transactions=batch.column("transaction").to_numpy(),
            customers=string_values(batch.column("customer")),
            merchants=string_values(batch.column("merchant")),
            verdicts=batch.column("verdict").to_numpy(),
            label_times_ms=batch.column("label_time_ms").to_numpy(),
            mine=batch.column("mine").to_numpy(zero_copy_only=False),
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
            # Ids are unique within a customer: a merchant may have labels of two customers' transactions "1".
            transactions=hash_pairs(
                hash_column(required(records, "customer_id")), hash_column(required(records, "transaction_id"))
            ),
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

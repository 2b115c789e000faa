"""Batch of labels in arrival order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.columns import required, string_values
from models.features.entities.entity_keys import entity_keys
from models.features.entity import LABELLED_ENTITIES
from models.features.hashing import transaction_hashes
from models.features.history import HistoryVersionError
from schemas.arrow_buffers import numbers
from schemas.row_selection import items_of

_ENCODED = pa.schema(
    [
        ("transaction", pa.uint64()), ("customer", pa.string()), ("verdict", pa.int64()), ("label_time_ms", pa.int64()),
    ],
    metadata={"fraudstream": "labels v2"},
)  # fmt: skip
_ENCODED_V1 = pa.schema(
    [
        ("transaction", pa.uint64()), ("customer", pa.string()), ("merchant", pa.string()),
        ("verdict", pa.int64()), ("label_time_ms", pa.int64()), ("mine", pa.bool_()),
    ],
    metadata={"fraudstream": "labels v1"},
)  # fmt: skip
"""Of a version whose shards learned the labels of all merchants, and those of their own customers (mine)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LabelBatch:
    """n labels as the engines learn them, in the order of arrival.

    Parameters
    ----------
    transactions : ndarray of uint64, (n,)
        Hashes of customer_id and transaction_id; those that an earlier version logged are of transaction_id alone.
    customers : list of str
    verdicts : ndarray of int64, (n,)
        amount_minor * 2, and 1 more for fraud.
    label_times_ms : ndarray of int64, (n,)
    entity_keys : ndarray of uint64, (n, E)
        Hash of the value of each of LABELLED_ENTITIES; E is 0 where the entities learn the labels elsewhere.
    """

    transactions: NDArray[np.uint64]
    customers: list[str]
    verdicts: NDArray[np.int64]
    label_times_ms: NDArray[np.int64]
    entity_keys: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.customers)

    def __getitem__(self, rows: slice) -> LabelBatch:
        """Return some of the labels, as a view."""
        return replace(
            self,
            transactions=self.transactions[rows],
            customers=self.customers[rows],
            verdicts=self.verdicts[rows],
            label_times_ms=self.label_times_ms[rows],
            entity_keys=self.entity_keys[rows],
        )

    def take(self, rows: NDArray[np.int64]) -> LabelBatch:
        """Return some of the labels."""
        return LabelBatch(
            transactions=self.transactions[rows],
            customers=items_of(self.customers, rows),
            verdicts=self.verdicts[rows],
            label_times_ms=self.label_times_ms[rows],
            entity_keys=self.entity_keys[rows],
        )

    def encode(self) -> bytes:
        """Return the customers' part of the labels as a durable Arrow stream; `decode` gives it back."""
        columns = [
            pa.array(self.transactions), pa.array(self.customers, pa.string()), pa.array(self.verdicts),
            pa.array(self.label_times_ms),
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
                found, batch = reader.schema, reader.read_next_batch()
        except pa.ArrowInvalid as error:
            raise HistoryVersionError(f"Logged labels in the state: expected an Arrow stream, got: {error}") from None
        if found.equals(_ENCODED_V1, check_metadata=True):
            batch = batch.filter(batch.column("mine"))
        elif not found.equals(_ENCODED, check_metadata=True):
            raise HistoryVersionError(
                f"Logged labels in the state: expected {_ENCODED.metadata}, got {found.metadata}. Restore from a "
                "savepoint of this version of fraudstream, or run the version that wrote this one."
            )
        return cls(
            transactions=batch.column("transaction").to_numpy(),
            customers=string_values(batch.column("customer")),
            verdicts=batch.column("verdict").to_numpy(),
            label_times_ms=batch.column("label_time_ms").to_numpy(),
            entity_keys=np.empty((len(batch), 0), np.uint64),
        )

    @classmethod
    def of(cls, records: pa.RecordBatch) -> LabelBatch:
        """Return the labels of a batch in the columns of LABEL_ARROW.

        Raises
        ------
        ValueError
            A column has a null.
        """
        required(records, "merchant_id")
        amounts_minor = numbers(required(records, "amount_minor"), np.int64)
        is_fraud = required(records, "is_fraud").to_numpy(zero_copy_only=False)
        return cls(
            # Ids are unique within a customer: a merchant may have labels of two customers' transactions "1".
            transactions=transaction_hashes(records),
            customers=string_values(required(records, "customer_id")),
            verdicts=amounts_minor * 2 + is_fraud,
            label_times_ms=numbers(required(records, "label_time"), np.int64),
            entity_keys=entity_keys(records, LABELLED_ENTITIES),
        )


NO_LABELS = LabelBatch(
    transactions=np.empty(0, np.uint64),
    customers=[],
    verdicts=np.empty(0, np.int64),
    label_times_ms=np.empty(0, np.int64),
    entity_keys=np.empty((0, len(LABELLED_ENTITIES)), np.uint64),
)

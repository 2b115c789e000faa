"""Micro-batches of each record kind, for the tests of their decoders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.batch_decoder import BatchDecoder, DecodedBatch
from schemas.codec import RecordCodec
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import FileRegistry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.records import NOON_MS, label, label_codec, transaction, transaction_codec


@dataclass(frozen=True)
class Kind:
    """A record kind: functions that make a record, encode it and decode a batch."""

    make: Callable[..., dict[str, Any]]
    codec: RecordCodec
    decoder: BatchDecoder
    arrow: pa.Schema

    def decode(
        self,
        records: list[dict[str, Any]],
        payload_changes: Mapping[int, Callable[[bytes], bytes]] | None = None,
        key_changes: Mapping[int, str | None] | None = None,
    ) -> DecodedBatch:
        """Decode records that arrived at noon, some with changed keys or payloads."""
        payloads = [self.codec.encode(record) for record in records]
        keys: list[str | None] = [record["customer_id"] for record in records]
        for row, change in (payload_changes or {}).items():
            payloads[row] = change(payloads[row])
        for row, key in (key_changes or {}).items():
            keys[row] = key
        return self.decoder.decode(keys, payloads, np.full(len(payloads), NOON_MS))


TRANSACTIONS = Kind(
    transaction,
    transaction_codec(),
    TransactionBatchDecoder("fraud.transactions.v1-value", FileRegistry(), Limits(), lambda: NOON_MS),
    TRANSACTION_ARROW,
)
LABELS = Kind(
    label,
    label_codec(),
    LabelBatchDecoder("fraud.labels.v1-value", FileRegistry(), Limits(), lambda: NOON_MS),
    LABEL_ARROW,
)

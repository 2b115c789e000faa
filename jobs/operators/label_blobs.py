"""Labels on their way from DecodeBatch to the shards of their customers and entities."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.common import Row

from jobs.operators.micro_batch import MicroBatch
from jobs.operators.packed import pack, unpack
from jobs.record_types import REJECTED_LABELS
from jobs.shards import rows_by_shard
from models.features.columns import string_values
from models.features.label_batch import LabelBatch
from models.features.label_record import ENTITY_LABEL
from schemas.rejection import Reason, Rejection
from schemas.row_selection import items_of

_COLUMNS = pa.schema(
    [
        ("transaction", pa.uint64()), ("customer", pa.string()), ("verdict", pa.int64()), ("label_time_ms", pa.int64()),
        ("position", pa.int64()), ("payload", pa.binary()),
    ]
)  # fmt: skip


class CustomerLabels(NamedTuple):
    """n labels of a shard's customers.

    Parameters
    ----------
    labels : LabelBatch
        Without keys of entities.
    positions : ndarray of int64, (n,)
    payloads : pyarrow binary array, (n,)
        The records as they came.
    """

    labels: LabelBatch
    positions: NDArray[np.int64]
    payloads: pa.Array

    @classmethod
    def decode(cls, raw: bytes) -> CustomerLabels:
        """Read what `customer_blobs` wrote."""
        batch = pa.ipc.read_record_batch(pa.py_buffer(raw), _COLUMNS)
        labels = LabelBatch(
            transactions=batch.column("transaction").to_numpy(),
            customers=string_values(batch.column("customer")),
            verdicts=batch.column("verdict").to_numpy(),
            label_times_ms=batch.column("label_time_ms").to_numpy(),
            entity_keys=np.empty((len(batch), 0), np.uint64),
        )
        return cls(labels, batch.column("position").to_numpy(), batch.column("payload"))


def customer_blobs(
    labels: LabelBatch, shards: NDArray[np.int64], positions: NDArray[np.int64], payloads: Sequence[bytes]
) -> Iterator[tuple[int, bytes]]:
    """Yield the customers' shards that labels are for, each with its `CustomerLabels` as bytes.

    Parameters
    ----------
    labels : LabelBatch
        n labels.
    shards, positions : ndarray of int64, (n,)
    payloads : n of bytes
    """
    columns = [
        pa.array(labels.transactions), pa.array(labels.customers, pa.string()), pa.array(labels.verdicts),
        pa.array(labels.label_times_ms), pa.array(positions), pa.array(payloads, pa.binary()),
    ]  # fmt: skip
    batch = pa.RecordBatch.from_arrays(columns, schema=_COLUMNS)
    for shard, rows in rows_by_shard(shards):
        mine = batch if len(rows) == len(labels) else batch.take(pa.array(rows))
        yield shard, mine.serialize().to_pybytes()


def entity_blobs(
    labels: NDArray[Any], shards: NDArray[np.int64], positions: NDArray[np.int64]
) -> Iterator[tuple[int, bytes]]:
    """Yield the entity shards that labels are for, each with its labels and their positions as bytes.

    Parameters
    ----------
    labels : ndarray of ENTITY_LABEL, (n,)
    shards, positions : ndarray of int64, (n,)
    """
    for shard, rows in rows_by_shard(shards):
        yield shard, pack((labels[rows].tobytes(), positions[rows].tobytes()))


def decode_entity_labels(raw: bytes) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the labels, of ENTITY_LABEL, and the positions of a blob of `entity_blobs`."""
    labels, positions = unpack(raw)
    return np.frombuffer(labels, ENTITY_LABEL), np.frombuffer(positions, "<i8")


def rejected_labels(batch: MicroBatch, rejections: Sequence[Rejection]) -> Row:
    """Return a MICRO_BATCH of the labels of another that were rejected; `decode_rejected` reads it."""
    rows = np.array([item.row for item in rejections])
    why = json.dumps([(item.reason.value, item.detail) for item in rejections]).encode()
    keys, payloads, positions, stamps = (items_of(column, rows) for column in batch[1:])
    return Row(REJECTED_LABELS, keys, [*payloads, why], positions, stamps)


def decode_rejected(batch: MicroBatch) -> list[Rejection]:
    """Return the rejections in a batch of `rejected_labels`, by the rows of its keys."""
    reasons = json.loads(batch.payloads[-1])
    return [Rejection(row, Reason(reason), detail) for row, (reason, detail) in enumerate(reasons)]

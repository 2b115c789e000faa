"""Labels on their way from DecodeBatch to the lanes of their customers and entities."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.common import Row

from jobs.lanes import LanePart, decode_shards, encode_shards
from jobs.operators.micro_batch import MicroBatch
from jobs.operators.packed import pack, unpack
from jobs.record_types import REJECTED_LABELS
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


def decode_customer_labels(raw: bytes) -> Iterator[tuple[int, CustomerLabels]]:
    """Yield the keys of the shards in a blob of `customer_blobs`, each with the labels of its customers."""
    shards, content = unpack(raw)
    batch = pa.ipc.read_record_batch(pa.py_buffer(content), _COLUMNS)
    labels = LabelBatch(
        transactions=batch.column("transaction").to_numpy(),
        customers=string_values(batch.column("customer")),
        verdicts=batch.column("verdict").to_numpy(),
        label_times_ms=batch.column("label_time_ms").to_numpy(),
        entity_keys=np.empty((len(batch), 0), np.uint64),
    )
    positions, payloads = batch.column("position").to_numpy(), batch.column("payload")
    for shard, rows in decode_shards(shards):
        yield shard, CustomerLabels(labels[rows], positions[rows], payloads[rows])


def customer_blobs(
    labels: LabelBatch, parts: Iterable[LanePart], positions: NDArray[np.int64], payloads: Sequence[bytes]
) -> Iterator[tuple[int, bytes]]:
    """Yield the keys of the lanes that labels are for, each with the `CustomerLabels` of its shards as bytes.

    Parameters
    ----------
    labels : LabelBatch
        n labels.
    parts : iterable of LanePart
        Of their customers' shards.
    positions : ndarray of int64, (n,)
    payloads : n of bytes
    """
    columns = [
        pa.array(labels.transactions), pa.array(labels.customers, pa.string()), pa.array(labels.verdicts),
        pa.array(labels.label_times_ms), pa.array(positions), pa.array(payloads, pa.binary()),
    ]  # fmt: skip
    batch = pa.RecordBatch.from_arrays(columns, schema=_COLUMNS)
    for part in parts:
        yield part.lane, pack((encode_shards(part), batch.take(pa.array(part.rows)).serialize().to_pybytes()))


def entity_blobs(
    labels: NDArray[Any], parts: Iterable[LanePart], positions: NDArray[np.int64]
) -> Iterator[tuple[int, bytes]]:
    """Yield the keys of the lanes that labels are for, each with its shards' labels and their positions as bytes.

    Parameters
    ----------
    labels : ndarray of ENTITY_LABEL, (n,)
    parts : iterable of LanePart
        Of the entities' shards.
    positions : ndarray of int64, (n,)
    """
    for part in parts:
        yield part.lane, pack((encode_shards(part), labels[part.rows].tobytes(), positions[part.rows].tobytes()))


def decode_entity_labels(raw: bytes) -> Iterator[tuple[int, NDArray[Any], NDArray[np.int64]]]:
    """Yield the keys of the shards in a blob of `entity_blobs`, each with labels of ENTITY_LABEL and positions."""
    shards, packed_labels, packed_positions = unpack(raw)
    labels, positions = np.frombuffer(packed_labels, ENTITY_LABEL), np.frombuffer(packed_positions, "<i8")
    for shard, rows in decode_shards(shards):
        yield shard, labels[rows], positions[rows]


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

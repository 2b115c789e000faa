"""Decoded micro-batches on their way from DecodeBatch to the shard that scores them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.operators.packed import pack, unpack
from schemas.columns import TRANSACTION_ARROW
from schemas.rejection import Reason, Rejection

_ORIGINALS = pa.schema([("key", pa.string()), ("payload", pa.binary())])


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodedBatch:
    """A micro-batch of m records, decoded.

    Parameters
    ----------
    kind : int
        TRANSACTIONS or QUERIES, see `record_types`.
    number : int
        Unique among the shard's batches.
    replies : int
        Lanes of entity shards that reply to the batch.
    records : pyarrow.RecordBatch
        The n good ones, in the columns of TRANSACTION_ARROW and those declared; of queries, the transactions that they
        ask about.
    rejections : list of Rejection
        The others.
    positions : ndarray of int64, (m,)
        Of the m records, see `schemas.position`.
    originals : bytes
        Keys and payloads of all m, which only rejections read, see `encode_originals`.
    """

    kind: int
    number: int
    replies: int
    records: pa.RecordBatch
    rejections: list[Rejection]
    positions: NDArray[np.int64]
    originals: bytes | memoryview

    def read_originals(self) -> tuple[list[str | None], list[bytes]]:
        """Return the keys and the payloads of the m records."""
        keys, payloads = _read(self.originals, _ORIGINALS).columns
        return keys.to_pylist(), payloads.to_pylist()

    def encode(self) -> bytes:
        """Return the batch as bytes."""
        rejections = [(item.row, item.reason.value, item.detail) for item in self.rejections]
        head = json.dumps([self.kind, self.number, self.replies, rejections]).encode()
        positions = self.positions.astype("<i8", copy=False).tobytes()
        return pack((head, _serialized(self.records), positions, self.originals))

    @classmethod
    def decode(cls, raw: bytes, schema: pa.Schema = TRANSACTION_ARROW) -> DecodedBatch:
        """Read what `encode` wrote.

        Parameters
        ----------
        schema : pyarrow.Schema
            Columns of the records.

        Raises
        ------
        PackedError
            The bytes are of another version.
        """
        head, records, positions, originals = unpack(raw)
        kind, number, replies, rejections = json.loads(bytes(head))
        return cls(
            kind=kind,
            number=number,
            replies=replies,
            records=_read(records, schema),
            rejections=[Rejection(row, Reason(reason), detail) for row, reason, detail in rejections],
            positions=np.frombuffer(positions, "<i8"),
            originals=originals,
        )


def encode_originals(keys: Sequence[Any], payloads: Sequence[bytes]) -> bytes:
    """Return the keys and payloads of a micro-batch as they came."""
    arrays = [pa.array(keys, pa.string()), pa.array(payloads, pa.binary())]
    return _serialized(pa.RecordBatch.from_arrays(arrays, schema=_ORIGINALS))


def _serialized(records: pa.RecordBatch) -> bytes:
    content: bytes = records.serialize().to_pybytes()
    return content


def _read(raw: bytes | memoryview, schema: pa.Schema) -> pa.RecordBatch:
    return pa.ipc.read_record_batch(pa.py_buffer(raw), schema)

"""Decoded micro-batches on their way from DecodeBatch to the shard that scores them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from jobs.operators.packed import pack, unpack
from schemas.columns import TRANSACTION_ARROW
from schemas.rejection import Reason, Rejection

_ORIGINALS = pa.schema([("key", pa.string()), ("payload", pa.binary()), ("position", pa.int64())])


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodedBatch:
    """A micro-batch of m records, decoded.

    Parameters
    ----------
    kind : int
        TRANSACTIONS or QUERIES, see `record_types`.
    number : int
        Unique among the shard's batches.
    entity_shards : tuple of int
        Keys of the entity shards that reply to the batch.
    records : pyarrow.RecordBatch of TRANSACTION_ARROW
        The n good ones; of queries, the transactions that they ask about.
    rejections : list of Rejection
        The others.
    originals : pyarrow.RecordBatch
        Key, payload and position of all m.
    """

    kind: int
    number: int
    entity_shards: tuple[int, ...]
    records: pa.RecordBatch
    rejections: list[Rejection]
    originals: pa.RecordBatch

    @property
    def keys(self) -> list[str | None]:
        """Keys of the m records."""
        keys: list[str | None] = self.originals.column("key").to_pylist()
        return keys

    @property
    def payloads(self) -> list[bytes]:
        """Payloads of the m records."""
        payloads: list[bytes] = self.originals.column("payload").to_pylist()
        return payloads

    @property
    def positions(self) -> list[int]:
        """Positions of the m records, see `schemas.position`."""
        positions: list[int] = self.originals.column("position").to_pylist()
        return positions

    def encode(self) -> bytes:
        """Return the batch as bytes, which are state too."""
        rejections = [(item.row, item.reason.value, item.detail) for item in self.rejections]
        head = json.dumps([self.kind, self.number, self.entity_shards, rejections]).encode()
        return pack((head, _serialized(self.records), _serialized(self.originals)))

    @classmethod
    def decode(cls, raw: bytes) -> DecodedBatch:
        """Read what `encode` wrote.

        Raises
        ------
        PackedError
            The bytes are of another version.
        """
        head, records, originals = unpack(raw)
        kind, number, shards, rejections = json.loads(bytes(head))
        return cls(
            kind=kind,
            number=number,
            entity_shards=tuple(shards),
            records=_read(records, TRANSACTION_ARROW),
            rejections=[Rejection(row, Reason(reason), detail) for row, reason, detail in rejections],
            originals=_read(originals, _ORIGINALS),
        )


def originals_of(keys: Sequence[Any], payloads: Sequence[bytes], positions: Sequence[int]) -> pa.RecordBatch:
    """Return the records of a micro-batch as they came."""
    arrays = [pa.array(keys, pa.string()), pa.array(payloads, pa.binary()), pa.array(positions, pa.int64())]
    return pa.RecordBatch.from_arrays(arrays, schema=_ORIGINALS)


def _serialized(records: pa.RecordBatch) -> bytes:
    content: bytes = records.serialize().to_pybytes()
    return content


def _read(raw: memoryview, schema: pa.Schema) -> pa.RecordBatch:
    return pa.ipc.read_record_batch(pa.py_buffer(raw), schema)

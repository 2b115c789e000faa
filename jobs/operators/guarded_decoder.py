"""Decoding in which no single record fails a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobs.operators.plain_records import PLAIN_MS, PLAIN_TRANSACTION
from jobs.operators.settled import NOT_OF_DATA, internal
from schemas.batch_decoder import BatchDecoder, DecodedBatch
from schemas.codec import RecordCodec
from schemas.culprit_search import CulpritSearch
from schemas.declaration.column_kind import TIMESTAMP
from schemas.declaration.declaration import Declaration
from schemas.registry import SchemaRegistry
from schemas.rejection import Reason, Rejection
from schemas.row_selection import Rows, items_of

_PLAIN_VALUES: dict[str, Any] = {
    "string": "", "long": 0, "int": 0, "double": 0.0, "float": 0.0, "boolean": False, TIMESTAMP: 0,
}  # fmt: skip


class GuardedDecoder:
    """Decoder that rejects a record that makes it fail as INTERNAL, and decodes the rest.

    Parameters
    ----------
    decoder : BatchDecoder
    plain : str and bytes
        Key and payload of a valid record: where it fails too, no record is at fault.
    check : callable of pyarrow.RecordBatch, optional
        Further check, which must not raise for the decoded records.
    """

    def __init__(
        self,
        decoder: BatchDecoder,
        plain: tuple[str, bytes],
        check: Callable[[pa.RecordBatch], object] = lambda _records: None,
    ) -> None:
        self._decoder, self._plain, self._check = decoder, plain, check
        self._search = CulpritSearch(NOT_OF_DATA)

    def decode(
        self, keys: Sequence[str | None], payloads: Sequence[bytes], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        """Decode n records, see `BatchDecoder.decode`.

        Raises
        ------
        Exception
            The error of a record, where a valid one fails too.
        """
        try:
            return self._decoded(keys, payloads, kafka_time_ms)
        except NOT_OF_DATA:
            raise
        except Exception as error:
            first = error
        parts, culprits = self._search.sieve(
            len(keys), lambda rows: self._decoded(items_of(keys, rows), items_of(payloads, rows), kafka_time_ms[rows])
        )
        if not parts:
            self._require_plain(first)
        nothing = self._decoder.decode([], [], np.empty(0, np.int64)).records
        return _joined(parts, culprits, nothing)

    def _decoded(
        self, keys: Sequence[str | None], payloads: Sequence[bytes], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        batch = self._decoder.decode(keys, payloads, kafka_time_ms)
        self._check(batch.records)
        return batch

    def _require_plain(self, cause: Exception) -> None:
        key, payload = self._plain
        try:
            self._decoded([key], [payload], np.array([PLAIN_MS]))
        except Exception:
            raise cause from None


def plain_record(name: str, subject: str, registry: SchemaRegistry, record: dict[str, Any]) -> tuple[str, bytes]:
    """Return a valid record's key and payload, see `GuardedDecoder`."""
    return record["customer_id"], RecordCodec(name, subject, registry).encode(record)


def declared_record(declaration: Declaration, subject: str, registry: SchemaRegistry) -> tuple[str, bytes]:
    """Return a valid transaction of a deployment's own schema, as `plain_record`."""
    roles = declaration.roles
    record = {roles.get(name, name): value for name, value in PLAIN_TRANSACTION.items()}
    for field in declaration.schema.fields:
        if field.name not in record and not field.nullable:
            record[field.name] = _PLAIN_VALUES[field.type]
    payload = RecordCodec(declaration.schema, subject, registry).encode(record)
    return PLAIN_TRANSACTION["customer_id"], payload


def _joined(
    parts: Sequence[tuple[Rows, DecodedBatch]], culprits: dict[int, BaseException], nothing: pa.RecordBatch
) -> DecodedBatch:
    rejections = [Rejection(row, Reason.INTERNAL, internal(error)) for row, error in culprits.items()]
    for rows, batch in parts:
        rejections += [replace(item, row=int(rows[item.row])) for item in batch.rejections]
    filled = [batch.records for _, batch in parts if len(batch.records)]
    rejections.sort(key=lambda item: item.row)
    if len(filled) < 2:
        return DecodedBatch(filled[0] if filled else nothing, rejections)
    table = pa.Table.from_batches([records.cast(filled[-1].schema) for records in filled]).combine_chunks()
    return DecodedBatch(table.to_batches()[0], rejections)

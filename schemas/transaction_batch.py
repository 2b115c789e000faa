"""Decoding of micro-batches of transactions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from schemas.arrow_buffers import string_offsets
from schemas.avro_schemas import TRANSACTION
from schemas.batch_decoder import BatchDecoder, BatchKind
from schemas.declaration.declaration import Declaration
from schemas.declaration.declared_column import DeclaredColumn
from schemas.registry import SchemaRegistry
from schemas.rejection import Reason
from schemas.transaction_fields import MAX_TEXT_BYTES, TRANSACTION_FIELDS, Field, Reader, Role, TextSize
from schemas.validation import TRANSACTION_CHECKS, Arrival, Check, Limits, Mask
from schemas.wall_clock import now_ms
from schemas.wire_columns import WireColumns

TRANSACTIONS = BatchKind(name=TRANSACTION, fields=TRANSACTION_FIELDS, checks=TRANSACTION_CHECKS)


class TransactionBatchDecoder(BatchDecoder):
    """Decoder of micro-batches of transactions into the columns of TRANSACTION_ARROW, then those of a declaration."""

    def __init__(
        self,
        subject: str,
        registry: SchemaRegistry,
        limits: Limits,
        clock: Callable[[], int] = now_ms,
        *,
        declaration: Declaration | None = None,
    ) -> None:
        super().__init__(transactions_of(declaration), subject, registry, limits, clock)


def transactions_of(declaration: Declaration | None) -> BatchKind:
    """Return the kind of a deployment's transactions."""
    if declaration is None:
        return TRANSACTIONS
    texts = [column for column in declaration.columns if column.kind.is_text]
    return replace(
        TRANSACTIONS,
        name=declaration.schema,
        fields=(*TRANSACTION_FIELDS, *map(_field, texts)),
        checks=(*TRANSACTION_CHECKS, *map(_check, texts)),
        wire=WireColumns(declaration),
    )


def _field(column: DeclaredColumn) -> Field:
    doc = "declared text"
    return Field(column.name, column.kind.arrow, Role.ATTRIBUTE, TextSize(0), Reader(0), doc, None, nullable=True)


def _check(column: DeclaredColumn) -> Check:
    def broken(arrival: Arrival, _limits: Limits) -> Mask:
        sizes = np.diff(string_offsets(arrival.records.column(column.name)))
        mask: Mask = sizes > MAX_TEXT_BYTES
        return mask

    expected = f"expected a text of at most {MAX_TEXT_BYTES} bytes as {column.name}"
    return Check(Reason.INVALID_TEXT, expected, broken, (column.name,))

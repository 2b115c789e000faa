"""Encoding of transactions and labels as Avro."""

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyruhvro

from schemas.avro_schemas import LABEL, TRANSACTION, schema_text
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.declaration.declaration import Declaration
from schemas.framing import header
from schemas.registry import SchemaRegistry
from schemas.wire_columns import WireColumns

Record = tuple[bytes, bytes]
"""Key and value of one Kafka record."""

ROWS_AT_ONCE = 8_192


def encode_transactions(
    table: pa.Table,
    registry: SchemaRegistry,
    subject: str,
    *,
    rows_at_once: int = ROWS_AT_ONCE,
    declaration: Declaration | None = None,
) -> Iterator[Record]:
    """Encode transactions, key = customer id, in the order of the table.

    Parameters
    ----------
    table : pa.Table
        With the columns of `TRANSACTION_ARROW`, and any of the declaration's; others are left out.
    registry : SchemaRegistry
        Gives the schema's id.
    subject : str
        See `schemas.registry.value_subject`.
    rows_at_once : int
        Fewer rows make the next record come sooner, more rows make it cheaper.
    declaration : Declaration, optional
        Declaration of the transactions, whose schema they are written in.

    Yields
    ------
    tuple of bytes
        Key in UTF-8 and the framed Avro record, the same bytes as `RecordCodec.encode` makes.
    """
    if declaration is None:
        schema_id, some = registry.id_for(subject, TRANSACTION), table.select(TRANSACTION_ARROW.names)
        yield from _encode(some, schema_text(TRANSACTION), schema_id, rows_at_once)
        return
    wire, schema_id = WireColumns(declaration), registry.id_for(subject, declaration.schema)
    yield from _encode(table, wire.decoding_text, schema_id, rows_at_once, wire.encoded)


def encode_labels(
    table: pa.Table, registry: SchemaRegistry, subject: str, *, rows_at_once: int = ROWS_AT_ONCE
) -> Iterator[Record]:
    """Encode the labels of transactions, key = customer id, in the order of the table.

    Parameters
    ----------
    table : pa.Table
        With the columns of `LABELLED_ARROW`.
    registry, subject, rows_at_once
        As in `encode_transactions`.

    Yields
    ------
    tuple of bytes
        Key in UTF-8 and the framed Avro record.
    """
    some = table.select(LABEL_ARROW.names)
    yield from _encode(some, schema_text(LABEL), registry.id_for(subject, LABEL), rows_at_once)


def _encode(
    table: pa.Table,
    schema: str,
    schema_id: int,
    rows_at_once: int,
    convert: Callable[[pa.RecordBatch], pa.RecordBatch] = lambda batch: batch,
) -> Iterator[Record]:
    framing = header(schema_id)
    for batch in table.to_batches(max_chunksize=rows_at_once):
        keys = batch.column("customer_id").cast(pa.binary()).to_pylist()
        for bodies in pyruhvro.serialize_record_batch(convert(batch), schema, 1):
            values = [framing + body for body in bodies.to_pylist()]
            yield from zip(keys, values, strict=True)

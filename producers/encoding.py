"""Encoding of transactions and labels as Avro."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyruhvro

from schemas.avro_schemas import LABEL, TRANSACTION, schema_text
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.framing import header
from schemas.registry import SchemaRegistry

Record = tuple[bytes, bytes]
"""Key and value of one Kafka record."""

ROWS_AT_ONCE = 8_192


def encode_transactions(
    table: pa.Table, registry: SchemaRegistry, subject: str, *, rows_at_once: int = ROWS_AT_ONCE
) -> Iterator[Record]:
    """Encode transactions, key = customer id, in the order of the table.

    Parameters
    ----------
    table : pa.Table
        With the columns of `TRANSACTION_ARROW`; others are left out.
    registry : SchemaRegistry
        Gives the schema's id.
    subject : str
        See `schemas.registry.value_subject`.
    rows_at_once : int
        Fewer rows make the next record come sooner, more rows make it cheaper.

    Yields
    ------
    tuple of bytes
        Key in UTF-8 and the framed Avro record, the same bytes as `RecordCodec.encode` makes.
    """
    yield from _encode(table, TRANSACTION_ARROW.names, TRANSACTION, registry.id_for(subject, TRANSACTION), rows_at_once)


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
    yield from _encode(table, LABEL_ARROW.names, LABEL, registry.id_for(subject, LABEL), rows_at_once)


def _encode(table: pa.Table, columns: Sequence[str], name: str, schema_id: int, rows_at_once: int) -> Iterator[Record]:
    framing, schema = header(schema_id), schema_text(name)
    for batch in table.select(columns).to_batches(max_chunksize=rows_at_once):
        keys = batch.column("customer_id").cast(pa.binary()).to_pylist()
        for bodies in pyruhvro.serialize_record_batch(batch, schema, 1):
            values = [framing + body for body in bodies.to_pylist()]
            yield from zip(keys, values, strict=True)

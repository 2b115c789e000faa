"""The canonical columns: one Arrow schema for Parquet files, batches and replays."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import UserError

EVENT_TIME = pa.timestamp("ms", tz="UTC")

TRANSACTION_ARROW = pa.schema(
    [
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("merchant_id", pa.string(), nullable=False),
        pa.field("merchant_category", pa.string(), nullable=False),
        pa.field("transaction_type", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("device_id", pa.string()),
        pa.field("latitude", pa.float64()),
        pa.field("longitude", pa.float64()),
        pa.field("event_time", EVENT_TIME, nullable=False),
    ]
)

LABEL_ARROW = pa.schema(
    [
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("merchant_id", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("event_time", EVENT_TIME, nullable=False),
        pa.field("is_fraud", pa.bool_(), nullable=False),
        pa.field("label_time", EVENT_TIME, nullable=False),
    ]
)

LABELLED_ARROW = pa.schema(
    [
        *TRANSACTION_ARROW,
        pa.field("is_fraud", pa.bool_(), nullable=False),
        pa.field("label_time", EVENT_TIME, nullable=False),
    ]
)


INFERENCE_ARROW = pa.schema(
    [
        pa.field("transaction_id", pa.string(), nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("merchant_id", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("event_time", EVENT_TIME, nullable=False),
        pa.field("scored_at", EVENT_TIME, nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("model_id", pa.string(), nullable=False),
        pa.field("feature_spec_hash", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("label_offsets", pa.list_(pa.int64()), nullable=False),
        pa.field("features", pa.list_(pa.float32()), nullable=False),
    ]
)


def read_history(path: Path, schema: pa.Schema = LABELLED_ARROW) -> pa.Table:
    """Read a Parquet file in the canonical columns, in the order of their event times.

    Nullable columns may be absent; columns beyond the schema are kept behind it.

    Raises
    ------
    UserError
        No such file, not Parquet, a required column missing or a column of another type.
    """
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise UserError(f"expected a Parquet file at {path}, was none: make one with `simulate`") from None
    except pa.ArrowInvalid as error:
        raise UserError(f"expected a Parquet file at {path}, was: {error}") from None
    columns = {field.name: _column(table, field, path) for field in schema}
    extra = {name: table[name] for name in table.column_names if name not in columns}
    fields = [*schema, *(table.schema.field(name) for name in extra)]
    # A stable sort: transactions of the same millisecond keep the file's order.
    ordered = pa.table({**columns, **extra}, schema=pa.schema(fields))
    return ordered.take(_stable_order(ordered["event_time"]))


def _column(table: pa.Table, field: pa.Field, path: Path) -> pa.ChunkedArray:
    if field.name not in table.column_names:
        if field.nullable:
            return pa.chunked_array([pa.nulls(len(table), field.type)])
        raise UserError(
            f"expected the column {field.name!r} ({field.type}) in {path}, was: {', '.join(table.column_names)}: add it"
        )
    column = table[field.name]
    if column.null_count and not field.nullable:
        raise UserError(f"expected no nulls in {field.name!r} of {path}, was {column.null_count}: fill them")
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise UserError(f"expected {field.name!r} of {path} as {field.type}, was {column.type}") from None


def _stable_order(event_time: pa.ChunkedArray) -> pa.Array:
    milliseconds = event_time.cast(pa.int64()).to_numpy()
    return pa.array(milliseconds.argsort(kind="stable"))

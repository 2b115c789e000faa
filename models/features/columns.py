"""Columns of the transactions that the feature engine reads."""

import pyarrow as pa

from schemas.transaction_fields import TRANSACTION_FIELDS, Reader

_TYPES = {field.name: field.type for field in TRANSACTION_FIELDS if field.readers & Reader.FEATURES}


def check_columns(records: pa.RecordBatch) -> None:
    """Raise ValueError unless the records have the columns that the engine reads, in their types."""
    for name, expected in _TYPES.items():
        got = records.schema.field(name).type if name in records.schema.names else "no column"
        if got != expected:
            raise ValueError(f"Column {name} of the transactions: expected {expected}, got {got}")


def required(records: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column; raise ValueError when it has a null, which the decoder sets aside."""
    column = records.column(name)
    if column.null_count:
        raise ValueError(f"Column {name} of the transactions: expected a value in each row, got null in some")
    return column


def string_values(column: pa.Array) -> list[str]:
    """Return a string column without nulls as a list; through NumPy, since to_pylist takes 0.7 us per string."""
    values: list[str] = column.to_numpy(zero_copy_only=False).tolist()
    return values

"""NumPy views of Arrow columns without a copy; a pyarrow.compute call costs more than a small batch's work."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def string_offsets(column: pa.Array) -> npt.NDArray[np.int32]:
    """Return the n + 1 offsets of a string column into `string_bytes`; a null takes no bytes."""
    return np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]


def string_data(column: pa.Array) -> npt.NDArray[np.uint8]:
    """Return the UTF-8 text of a string column's rows, one after the other; row 0 begins at 0."""
    data = column.buffers()[2]
    if data is None:
        return np.frombuffer(b"", np.uint8)
    offsets = string_offsets(column)
    return np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]


def string_bytes(column: pa.Array) -> bytes:
    """Return the text of `string_data` as bytes."""
    return string_data(column).tobytes()


def numbers(column: pa.Array, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Return the n values of a fixed-width column as `dtype`; the value of a null is undefined."""
    return np.frombuffer(column.buffers()[1], dtype, len(column), column.offset * np.dtype(dtype).itemsize)


def is_null(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Return where a column has no value, (n,) bool."""
    validity = column.buffers()[0]
    if validity is None or column.null_count == 0:
        return np.zeros(len(column), dtype=bool)
    bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)] == 0  # type: ignore[no-any-return]


def require_values(records: pa.RecordBatch) -> None:
    """Refuse nulls in columns that have none, which Arrow itself does not check."""
    for field, column in zip(records.schema, records.columns, strict=True):
        if column.null_count and not field.nullable:
            raise ValueError(f"expected a value in {field.name}, got null")


def with_types(records: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the columns of a schema from a decoded batch, by name and in the schema's types.

    Avro's timestamp-millis is UTC by definition; the decoder leaves the zone off.
    """
    columns = []
    for field in schema:
        column = records.column(field.name)
        if column.type != field.type:
            column = column.view(field.type) if pa.types.is_timestamp(field.type) else column.cast(field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_buffers import is_null, numbers, string_offsets

# A varint holds 7 bits a byte: zigzag values from 2^7 on take two bytes, from 2^14 on three, and so on.
_VARINT_STEPS = np.array([1 << (7 * byte) for byte in range(1, 10)], dtype=np.uint64)


def encoded_bytes(batch: pa.RecordBatch) -> int:
    """Return how many bytes the records of `batch` take in Avro's canonical binary form, without headers.

    Knows the types of the transaction schema: strings, longs, timestamps, and unions of null with
    a string or a double.
    """
    total = 0
    varints: list[npt.NDArray[np.uint64]] = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if field.nullable:
            total += len(column)  # the union's branch, one byte
        if pa.types.is_string(field.type):
            lengths = np.diff(string_offsets(column))
            total += int(lengths.sum())
            present = lengths[~is_null(column)] if column.null_count else lengths
            varints.append(_zigzag(present.astype(np.int64)))
        elif pa.types.is_float64(field.type):
            total += 8 * (len(column) - column.null_count)
        else:
            varints.append(_zigzag(numbers(column, np.int64)))
    values = np.concatenate(varints)
    return total + len(values) + int(np.searchsorted(_VARINT_STEPS, values, side="right").sum())


def _zigzag(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    return ((values << 1) ^ (values >> 63)).view(np.uint64)

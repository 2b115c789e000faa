"""Texts and numbers of a file, in the types that people have them."""

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ColumnError


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without dictionary encoding, and its texts, of any kind, as `string`."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(column.cast(kind.value_type))
    if pa.types.is_large_string(kind):
        return column.cast(pa.string())
    if pa.types.is_float16(kind):  # few functions know it
        return column.cast(pa.float32())
    if str(kind) == "string_view":  # of which casts are not implemented everywhere
        return pa.chunked_array([pa.array(chunk.to_pylist(), pa.string()) for chunk in column.chunks], pa.string())
    return column


def text_column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert texts, bytes in UTF-8 and whole numbers to texts.

    Raises
    ------
    ColumnError
        Anything else. A fraction among ids is a sign that a number's last digits are gone.
    """
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_null(kind) or pa.types.is_integer(kind):
        return column.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid:
            raise ColumnError("expected text in UTF-8, got other bytes. Decode them, for example from cp1252") from None
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return column.cast(pa.string())
    if pa.types.is_fixed_size_binary(kind):
        raise ColumnError(f'expected text or whole numbers, got {kind}. Write it as text: df["{name}"].map(str)')
    why = ": ids read as floats lose digits" if pa.types.is_floating(kind) else ""
    raise ColumnError(
        f'expected text or whole numbers, got {kind}{why}. Read it as text: pd.read_csv(..., dtype={{"{name}": str}})'
    )


def whole_number_column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert whole numbers to int64; a NaN is null.

    Raises
    ------
    ColumnError
        The values are no numbers, have fractions, or are decimals with a scale.
    """
    kind = column.type
    fix = f'(df["{name}"] * 100).round().astype("int64") makes cents of euros'
    if pa.types.is_decimal(kind) and kind.scale > 0:
        raise ColumnError(
            f"expected whole minor units (cents), got {kind}, which looks like major units. Convert: {fix}"
        )
    if pa.types.is_floating(kind):
        return _whole(pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column), fix)
    if pa.types.is_string(kind):
        raise ColumnError(f'expected whole minor units (cents), got {kind}. Convert it: pd.to_numeric(df["{name}"])')
    if not (pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)):
        raise ColumnError(f"expected whole minor units (cents), got {kind}. Convert it to a number: {fix}")
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        raise ColumnError(
            "expected whole minor units (cents) of at most 64 bits, got larger ones. Correct them"
        ) from None


def _whole(column: pa.ChunkedArray, fix: str) -> pa.ChunkedArray:
    broken = pc.and_kleene(column.is_valid(), pc.or_(pc.is_inf(column), pc.not_equal(pc.trunc(column), column)))
    fractions = column.filter(broken)
    if len(fractions):
        raise ColumnError(
            f"expected whole minor units (cents), got {len(fractions):,} fractions such as {fractions[0].as_py()}. "
            f"Round or convert: {fix}"
        )
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        raise ColumnError(
            "expected whole minor units (cents) of at most 64 bits, got larger ones. Correct them"
        ) from None


def float_column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert numbers to float64; a NaN is null.

    Raises
    ------
    ColumnError
        The values are no numbers.
    """
    kind = column.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not number and not pa.types.is_null(kind):
        raise ColumnError(f'expected degrees as numbers, got {kind}. Convert it: pd.to_numeric(df["{name}"])')
    values = column.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)

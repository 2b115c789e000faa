"""The is_fraud column of a file, as people write it."""

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ColumnError

MAX_SHOWN = 6
"""Distinct values that a message counts."""

FLAGS = ("False", "True")

_TEXTS = {"true": True, "1": True, "false": False, "0": False}


def flag_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert true/false or 0/1 to booleans; an empty cell (null, NaN or an empty text) stays null.

    Parameters
    ----------
    column : pyarrow.ChunkedArray, (n,)
        Booleans, numbers or texts, not dictionary-encoded.

    Raises
    ------
    ColumnError
        A value is anything else, even a single one: codes such as 1 and 2, 0.5, "Y".
    """
    if pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        return column.cast(pa.bool_())
    if pa.types.is_nested(column.type):
        raise ColumnError(f"expected true/false or 0/1, got {column.type}. Write one value a row")
    counted = column.value_counts()
    values, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    meaning = [_meaning(value) for value in values]
    if _REFUSED in meaning:
        raise ColumnError(_refusal(dict(zip(values, counts, strict=True))))
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    flags = pa.array([_meaning(value) for value in encoded.dictionary.to_pylist()], pa.bool_())
    return pa.chunked_array([pc.take(flags, encoded.indices)])


_REFUSED = object()


def _meaning(value: object) -> object:
    """Return True or False, None for an empty cell, or `_REFUSED`."""
    if value is None or value != value:  # noqa: PLR0124  (NaN)
        return None
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        text = value.strip().lower()
        return _TEXTS.get(text, _REFUSED) if text else None
    return bool(value) if value in (0, 1) else _REFUSED


def _refusal(counts: dict[object, int]) -> str:
    frequent = sorted(counts, key=lambda value: -counts[value])
    shown = [f"{_written(value)} ({counts[value]:,} rows)" for value in frequent[:MAX_SHOWN]]
    rest = f" and {len(frequent) - MAX_SHOWN:,} other values" if len(frequent) > MAX_SHOWN else ""
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 and not rest else ", ".join(shown) + rest
    # Frauds are the rarer; one value alone can mean either.
    meant = [value for value in frequent if _meaning(value) is not None]
    example = ", ".join(f"{value!r:.40}: {flag}" for value, flag in zip((meant[0], meant[-1]), FLAGS, strict=True))
    return (
        f"expected true/false or 0/1, got {listed}. Map each value to what it means and the unknown to empty, "
        f'for example df["is_fraud"].map({{{example}}})'
    )


def _written(value: object) -> str:
    return "empty" if value is None else f"{value!r}"[:40] if isinstance(value, str | bytes) else f"{value}"[:40]

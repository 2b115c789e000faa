"""Records in JSON as rows of texts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from fraudstream.imports.source_rows import SourceRows
from schemas.mapping.rejected_rows import rejected_in_words
from schemas.rejection import Reason, shortened

_MAGIC, _HEADER_BYTES = b"\0", 5
"""Start of a record that a client of a schema registry wrote: a zero and the schema's id, four bytes."""


class _NotConvertible(Exception):  # noqa: N818  (a record, not the program, is at fault)
    """A record that is no row, in words."""


def json_rows(payloads: Sequence[bytes | None], columns: Sequence[str]) -> SourceRows:
    """Return the values of n records as texts.

    Numbers have the digits that were sent: an id of 20 digits stays whole, 12.30 has two decimals. A column that a
    record does not have is null.

    Parameters
    ----------
    payloads : sequence of bytes, n of them
        Objects in JSON, in UTF-8, also with the header of Confluent's serializers; None is a tombstone.
    columns : sequence of str
        Names of fields; `card.country` is the field `country` of the object `card`, unless there is a field of that
        whole name.

    Returns
    -------
    SourceRows
        The rows are numbered from 0 on. Rejected is what is no object, and what has an object or a list as a column.
    """
    paths = {name: tuple(name.split(".")) for name in columns}
    values: list[list[str | None]] = []
    rows, rejected, details = [], [], []
    for row, payload in enumerate(payloads):
        try:
            values.append(_texts(_parsed(payload), paths))
        except _NotConvertible as error:
            rejected.append(row)
            details.append(str(error))
        else:
            rows.append(row)
    texts = zip(*values, strict=True) if values else ((),) * len(columns)
    arrays = [pa.array(column, pa.string()) for column in texts]
    return SourceRows(
        pa.RecordBatch.from_arrays(arrays, list(columns)),
        np.array(rows, np.int64),
        rejected_in_words(np.array(rejected, np.int64), Reason.UNDECODABLE, "", None, details),
        len(payloads),
    )


def _parsed(payload: bytes | None) -> dict[str, Any]:
    if payload is None:
        raise _NotConvertible("expected an object in JSON, got a record without a value")
    body = payload[_HEADER_BYTES:] if payload[:1] == _MAGIC else payload
    try:
        found = json.loads(body, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise _NotConvertible(f"expected an object in JSON, got: {shortened(str(error))}") from None
    if not isinstance(found, dict):
        raise _NotConvertible(f"expected an object in JSON, got {_kind(found)}")
    return found


def _texts(record: Mapping[str, Any], paths: Mapping[str, tuple[str, ...]]) -> list[str | None]:
    return [_text(_value_at(record, name, path), name) for name, path in paths.items()]


def _value_at(record: Mapping[str, Any], name: str, path: tuple[str, ...]) -> object:
    if name in record or len(path) == 1:
        return record.get(name)
    found: object = record
    for part in path:
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise _NotConvertible(f"expected a text, a number or a flag as {name}, got {_kind(value)}")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise _NotConvertible(f"expected a text as {name}, got one with half a character")
    return value


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "a flag", str: "a text or a number"}
    return names.get(type(value), "null")

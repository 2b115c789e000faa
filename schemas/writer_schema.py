"""Decoding of records of another version of a schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyruhvro

from schemas.arrow_buffers import require_values
from schemas.framing import HEADER_BYTES
from schemas.record_walk import RecordWalk

_SIMPLE = {"string", "long", "int", "double", "float", "boolean"}


@dataclass(frozen=True)
class _Field:
    """A field of a writer's schema, as far as the fast path knows fields: a simple type, or that or null."""

    name: str
    kind: str
    nullable: bool


class WriterSchema:
    """Another version of a schema, whose records are decoded together and brought into the reader's columns.

    Only where Avro's rules ask for no more than leaving out the writer's added fields and filling in the reader's
    with their defaults: `of` gives None for any other pair of schemas, and those records are decoded one by one.

    Parameters
    ----------
    text : str
        The writer's schema, Avro JSON, without logical types: see `plain_schema`.
    fields : sequence
        Its fields.
    reader : dict
        The reader's schema.
    arrow : pyarrow.Schema
        The reader's columns.
    """

    def __init__(
        self, text: str, walk: RecordWalk, fields: Sequence[_Field], reader: dict[str, Any], arrow: pa.Schema
    ) -> None:
        self._text = text
        self._walk = walk
        self._written = {field.name for field in fields}
        self._defaults = {field["name"]: field.get("default") for field in reader["fields"]}
        self._arrow = arrow

    @classmethod
    def of(cls, writer: Any, schema_id: int, reader: dict[str, Any], arrow: pa.Schema) -> WriterSchema | None:
        """Return the mapping from a writer's plain schema to ours, None where it is not as simple as that."""
        if not isinstance(writer, dict) or (writer["type"], writer["name"]) != ("record", reader["name"]):
            return None
        written = [_simple(field) for field in writer["fields"]]
        known = {field.name: field for field in written if field is not None}
        if len(known) != len(writer["fields"]) or not all(_resolves(field, known) for field in reader["fields"]):
            return None
        walk = RecordWalk(writer, schema_id)
        return cls(json.dumps(writer), walk, list(known.values()), reader, arrow)

    def decode(self, payloads: Sequence[bytes], max_bytes: int) -> tuple[npt.NDArray[np.bool_], pa.RecordBatch]:
        """Decode those of n framed records that are sound, see `RecordWalk.sound`.

        Returns
        -------
        (n,) bool
            Which they are.
        pyarrow.RecordBatch
            They, in the reader's columns.

        Raises
        ------
        ValueError
            A null where the reader has none.
        """
        sound = self._walk.sound(payloads, max_bytes)
        bodies = [payloads[row][HEADER_BYTES:] for row in np.flatnonzero(sound).tolist()]
        if not bodies:
            return sound, pa.RecordBatch.from_pylist([], schema=self._arrow)
        batch = pyruhvro.deserialize_array(bodies, self._text)
        columns = [self._column(field, batch) for field in self._arrow]
        records = pa.RecordBatch.from_arrays(columns, schema=self._arrow)
        require_values(records)
        return sound, records

    def _column(self, field: pa.Field, batch: pa.RecordBatch) -> pa.Array:
        if field.name not in self._written:
            return pa.array([self._defaults[field.name]] * len(batch), field.type)
        column = batch.column(field.name)
        # The writer's plain schema has a long here; the unit is that of the reader's schema.
        return column.view(field.type) if pa.types.is_timestamp(field.type) else column


def _simple(field: dict[str, Any]) -> _Field | None:
    kind = field["type"]
    branches = kind if isinstance(kind, list) else [kind]
    values = [branch for branch in branches if branch != "null"]
    if len(values) != 1 or len(branches) != 1 + isinstance(kind, list):
        return None
    (value,) = values
    name = value.get("type") if isinstance(value, dict) else value
    if not isinstance(name, str) or name not in _SIMPLE:
        return None
    return _Field(field["name"], name, isinstance(kind, list))


def _resolves(field: dict[str, Any], written: dict[str, _Field]) -> bool:
    """Return whether a reader's field can be had from the writer's without converting anything."""
    wanted = _simple(field)
    if wanted is None or field.get("aliases"):
        return False
    found = written.get(wanted.name)
    if found is None:
        # A time's default other than null is written in a form of its own.
        return "default" in field and (field["default"] is None or not _is_time(field))
    return found.kind == wanted.kind and found.nullable <= wanted.nullable


def _is_time(field: dict[str, Any]) -> bool:
    return any(isinstance(kind, dict) and "logicalType" in kind for kind in (field["type"], *field["type"]))

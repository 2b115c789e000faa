"""Columns of transactions as a deployment's own Avro schema has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from schemas.declaration.column_kind import TIMESTAMP
from schemas.declaration.declaration import Declaration
from schemas.declaration.with_declared import with_declared
from schemas.errors import UserError
from schemas.time_column import UTC_MS
from schemas.transaction_fields import TRANSACTION_FIELDS, arrow_schema

_ARROW = {
    "string": pa.string(),
    "long": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    TIMESTAMP: UTC_MS,
}


@dataclass(frozen=True)
class WireColumns:
    """Decoded columns of a deployment's own schema, and their canonical form.

    Parameters
    ----------
    declaration : Declaration
    """

    declaration: Declaration

    @cached_property
    def arrow(self) -> pa.Schema:
        """Columns as they are decoded."""
        return pa.schema(
            [pa.field(field.name, _ARROW[field.type], field.nullable) for field in self.declaration.schema.fields]
        )

    @cached_property
    def canonical_arrow(self) -> pa.Schema:
        """The transaction's fields under their own names, then the declared columns."""
        return with_declared(arrow_schema(TRANSACTION_FIELDS), self.declaration)

    @property
    def decoding_text(self) -> str:
        """Schema for the columnar decoder."""
        return self.declaration.schema.decoding_text

    def canonical(self, records: pa.RecordBatch) -> pa.RecordBatch:
        """Return decoded records in the canonical columns, those that the schema leaves out as nulls.

        A number that is not finite is no value.
        """
        roles = self.declaration.roles
        columns = [self._column(records, field, roles.get(field.name, field.name)) for field in self.canonical_arrow]
        return pa.RecordBatch.from_arrays(columns, schema=self.canonical_arrow)

    def encoded(self, records: pa.RecordBatch) -> pa.RecordBatch:
        """Return canonical records in the columns of the schema, for encoding; columns that they lack are nulls.

        Raises
        ------
        UserError
            A value is missing where the schema has no null, or does not fit its type.
        """
        own = {name: field for field, name in self.declaration.roles.items()}
        columns = []
        for field in self.arrow:
            index = records.schema.get_field_index(own.get(field.name, field.name))
            column = pa.nulls(len(records), field.type) if index < 0 else records.column(index)
            if column.null_count and not field.nullable:
                raise UserError(
                    f"expected a value of {field.name} in each transaction, as its Avro schema has no null, got none "
                    f"in {column.null_count:,} of {len(records):,}. Fill them, or allow null in the schema"
                )
            try:
                columns.append(column.cast(field.type))
            except pa.ArrowInvalid as error:
                got = str(error).splitlines()[0]
                raise UserError(
                    f"expected values of {field.name} that fit {field.type}, as its Avro schema has it, got: {got}. "
                    "Correct them, or change the schema"
                ) from None
        return pa.RecordBatch.from_arrays(columns, schema=self.arrow)

    @staticmethod
    def _column(records: pa.RecordBatch, field: pa.Field, name: str) -> pa.Array:
        index = records.schema.get_field_index(name)
        if index < 0:
            return pa.nulls(len(records), field.type)
        column = records.column(index)
        if field.type != column.type:
            column = column.cast(field.type, safe=False)
        if pa.types.is_floating(field.type) and field.name not in _CORE and len(column):
            finite = pc.is_finite(column)
            if pc.any(pc.invert(finite)).as_py():
                column = pc.if_else(finite, column, pa.scalar(None, field.type))
        return column


_CORE = frozenset(field.name for field in TRANSACTION_FIELDS)

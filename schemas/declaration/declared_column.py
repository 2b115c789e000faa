"""Declared column of the transactions."""

from dataclasses import dataclass

import pyarrow as pa

from schemas.declaration.column_kind import ColumnKind


@dataclass(frozen=True, kw_only=True)
class DeclaredColumn:
    """Further column of the transactions, with null for no value.

    Attributes
    ----------
    name : str
        Name in Avro, in Arrow and of its feature.
    kind : ColumnKind
    """

    name: str
    kind: ColumnKind

    @property
    def arrow(self) -> pa.Field:
        """Column in Arrow."""
        return pa.field(self.name, self.kind.arrow)

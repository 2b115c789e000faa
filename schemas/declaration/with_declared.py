"""Columns of transactions together with those of a declaration."""

import pyarrow as pa

from schemas.declaration.declaration import Declaration


def with_declared(schema: pa.Schema, declaration: Declaration | None) -> pa.Schema:
    """Return columns of transactions, followed by the declared ones."""
    return schema if declaration is None else pa.schema([*schema, *declaration.arrow])

"""Transaction of a request with declared columns, validated."""

from typing import Annotated, Any, cast

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, create_model
from pydantic.config import JsonDict

from fraudstream.api.transaction import EXAMPLE, Text, Transaction, time_text
from schemas.declaration.column_kind import ColumnKind
from schemas.declaration.declaration import Declaration
from schemas.declaration.declared_column import DeclaredColumn
from schemas.declaration.team_schema import AvroField

_LARGEST = 3.4028234e38
_NUMBERS: dict[str, Any] = {
    "int": Annotated[int, Field(ge=-(2**31), le=2**31 - 1)],
    "long": Annotated[int, Field(ge=-(2**63), le=2**63 - 1)],
    "float": Annotated[float, Field(ge=-_LARGEST, le=_LARGEST)],
    "double": float,
}
_TYPES: dict[ColumnKind, Any] = {
    ColumnKind.CATEGORY: Text,
    ColumnKind.TEXT: Text,
    ColumnKind.FLAG: bool,
    ColumnKind.TIME: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(time_text)],
}
_EXAMPLES: dict[ColumnKind, Any] = {
    ColumnKind.NUMBER: 1,
    ColumnKind.CATEGORY: "chip",
    ColumnKind.TEXT: "10.0.0.1",
    ColumnKind.FLAG: False,
    ColumnKind.TIME: "2026-11-01T12:00:00Z",
}


def transaction_type(declaration: Declaration | None) -> type[Transaction]:
    """Return the model of a deployment's transactions; a declared column may be left out where its schema has null."""
    if declaration is None:
        return Transaction
    fields = {field.name: field for field in declaration.schema.fields}
    own: dict[str, Any] = {column.name: _definition(column, fields[column.name]) for column in declaration.columns}
    example: JsonDict = {**EXAMPLE, **{column.name: _EXAMPLES[column.kind] for column in declaration.columns}}
    named = {"model_config": ConfigDict(json_schema_extra={"examples": [example]}), "__module__": __name__}
    base = type("_WithExample", (Transaction,), {**named, "__doc__": Transaction.__doc__})
    found: Any = create_model("Transaction", __base__=base, __doc__=Transaction.__doc__, **own)
    return cast("type[Transaction]", found)


def _definition(column: DeclaredColumn, field: AvroField) -> tuple[Any, Any]:
    kind = _NUMBERS[field.type] if column.kind is ColumnKind.NUMBER else _TYPES[column.kind]
    doc = f"declared {column.kind}"
    return (kind | None, Field(default=None, description=doc)) if field.nullable else (kind, Field(description=doc))

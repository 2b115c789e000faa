"""Kinds of further columns, the same in maps of files and in declarations."""

from enum import StrEnum, auto

import pyarrow as pa

from schemas.time_column import UTC_MS


class ColumnKind(StrEnum):
    """Kind of a further column; its value is the kind's name in TOML."""

    NUMBER = auto()
    CATEGORY = auto()
    FLAG = auto()
    TEXT = auto()
    TIME = auto()

    @property
    def arrow(self) -> pa.DataType:
        """Type of the column in Arrow."""
        return _ARROW[self]

    @property
    def avro(self) -> str | dict[str, str]:
        """Type of the field in a generated Avro schema, next to null."""
        return _AVRO[self]

    @property
    def avro_types(self) -> tuple[str, ...]:
        """Avro types that a field of a team's schema may have."""
        return _AVRO_TYPES[self]

    @property
    def is_text(self) -> bool:
        """Whether values are texts, which entities may be identified by."""
        return self in {ColumnKind.CATEGORY, ColumnKind.TEXT}

    @property
    def is_feature(self) -> bool:
        """Whether the column itself is a feature of the model."""
        return self is not ColumnKind.TEXT


_ARROW = {
    ColumnKind.NUMBER: pa.float64(),
    ColumnKind.CATEGORY: pa.string(),
    ColumnKind.FLAG: pa.bool_(),
    ColumnKind.TEXT: pa.string(),
    ColumnKind.TIME: UTC_MS,
}
TIMESTAMP = "timestamp-millis"
"""Logical type of Avro's times that are read."""

_AVRO: dict[ColumnKind, str | dict[str, str]] = {
    ColumnKind.NUMBER: "double",
    ColumnKind.CATEGORY: "string",
    ColumnKind.FLAG: "boolean",
    ColumnKind.TEXT: "string",
    ColumnKind.TIME: {"type": "long", "logicalType": TIMESTAMP},
}
_AVRO_TYPES = {
    ColumnKind.NUMBER: ("int", "long", "float", "double"),
    ColumnKind.CATEGORY: ("string",),
    ColumnKind.FLAG: ("boolean",),
    ColumnKind.TEXT: ("string",),
    ColumnKind.TIME: (TIMESTAMP,),
}

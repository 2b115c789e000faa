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
    def unit(self) -> str:
        """Unit of the column as a feature."""
        return _UNITS.get(self, "")

    @property
    def meaning(self) -> str:
        """Value of the column as a feature, in words."""
        return _MEANINGS[self]

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
_UNITS = {ColumnKind.FLAG: "flag", ColumnKind.TIME: "h", ColumnKind.CATEGORY: "probability"}
_MEANINGS = {
    ColumnKind.NUMBER: "the number itself",
    ColumnKind.CATEGORY: "fraud rate of the category in training; unseen ones have that of rare ones",
    ColumnKind.FLAG: "1 or 0",
    ColumnKind.TEXT: "none: texts identify entities, and rules compare them",
    ColumnKind.TIME: "hours from this time to the event",
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

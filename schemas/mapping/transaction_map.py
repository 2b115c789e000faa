"""Map from a team's columns to the transaction's fields and to further columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Literal, get_args

import pyarrow as pa

from schemas.declaration.column_kind import ColumnKind
from schemas.errors import UserError
from schemas.mapping.number_text import PLAIN, NumberFormat
from schemas.mapping.time_text import ISO_8601, TimeFormat
from schemas.rejection import Reason
from schemas.time_column import UTC_MS
from schemas.transaction_fields import LABEL_FIELDS, TRANSACTION_FIELDS, Field, Role, TextSize

Unit = Literal["major", "minor"]
Negative = Literal["reject", "absolute", "invert"]
UNITS: tuple[Unit, ...] = get_args(Unit)
NEGATIVES: tuple[Negative, ...] = get_args(Negative)

DEFAULT_KEY_VARIABLE = "CARD_HASH_KEY"


class MapError(UserError):
    """A map that no file can be converted with."""


class Kind(StrEnum):
    """Kinds of target columns."""

    TEXT = auto()
    AMOUNT = auto()
    NUMBER = auto()
    TIME = auto()
    FLAG = auto()


COLUMN_KINDS = {
    ColumnKind.NUMBER.value: Kind.NUMBER,
    ColumnKind.CATEGORY.value: Kind.TEXT,
    ColumnKind.TEXT.value: Kind.TEXT,
    ColumnKind.FLAG.value: Kind.FLAG,
    ColumnKind.TIME.value: Kind.TIME,
}
"""Kinds of further columns by the names that maps and declarations have for them."""

_ARROW = {Kind.TEXT: pa.string(), Kind.NUMBER: pa.float64(), Kind.TIME: UTC_MS, Kind.FLAG: pa.bool_()}
_KINDS = {Role.AMOUNT: Kind.AMOUNT, Role.EVENT_TIME: Kind.TIME, Role.LABEL_TIME: Kind.TIME, Role.LABEL: Kind.FLAG}
_REASONS = {
    Role.AMOUNT: Reason.INVALID_AMOUNT,
    Role.EVENT_TIME: Reason.INVALID_EVENT_TIME,
    Role.LABEL_TIME: Reason.INVALID_LABEL_TIME,
    Role.LATITUDE: Reason.INVALID_PLACE,
    Role.LONGITUDE: Reason.INVALID_PLACE,
}

LABEL_COLUMNS = tuple(item for item in LABEL_FIELDS if item.role in {Role.LABEL, Role.LABEL_TIME})
CORE_FIELDS: dict[str, Field] = {item.name: item for item in (*TRANSACTION_FIELDS, *LABEL_COLUMNS)}
"""Fields that `[transaction]` maps, by name."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Column that a map fills.

    Attributes
    ----------
    nullable : bool
        Whether an empty value is no mistake.
    size : TextSize or None
        Sizes of a text.
    reason : Reason
        Reason for the rejection of a row whose value does not convert.
    """

    name: str
    kind: Kind
    nullable: bool = True
    size: TextSize | None = None
    reason: Reason = Reason.UNDECODABLE

    @classmethod
    def of(cls, item: Field) -> "Target":
        """Return the column of a field of the transaction or of its label."""
        size = item.check if isinstance(item.check, TextSize) else None
        kind = _KINDS.get(item.role, Kind.TEXT if item.type == pa.string() else Kind.NUMBER)
        reason = _REASONS.get(item.role, Reason.UNDECODABLE)
        if size is not None:
            reason = Reason.INVALID_ID if size.min_bytes else Reason.INVALID_TEXT
        nullable = item.nullable or item in LABEL_COLUMNS
        return cls(name=item.name, kind=kind, nullable=nullable, size=size, reason=reason)

    @property
    def arrow(self) -> pa.Field:
        """Column in Arrow."""
        return pa.field(self.name, _ARROW.get(self.kind, pa.int64()), self.nullable)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Origin of a column's values.

    Attributes
    ----------
    columns : tuple of str
        Columns of the team's, whose texts are joined by `join`; empty: `constant` in each row.
    default : str or None
        Text for an empty value.
    hash : bool
        Whether values are replaced by their HMAC-SHA-256.
    token : bool
        Whether values with the digits of card numbers are tokens.
    unit : str
        Whether amounts are in the currency's major unit or its minor unit.
    negative : str
        Negative amounts are rejected, used as they are without the sign, or payments whose refunds are positive.
    round : bool
        Whether amounts with more decimals than their currency has are rounded.
    delay_days : float or None
        Time from the event time to an empty label time.
    true, false : tuple of str
        Texts of a flag, in lower case.
    filled : bool
        Whether a flag is true where the column has any value.
    """

    columns: tuple[str, ...] = ()
    join: str = ""
    constant: str | None = None
    default: str | None = None
    hash: bool = False
    token: bool = False
    number: NumberFormat = PLAIN
    unit: Unit = "major"
    negative: Negative = "reject"
    round: bool = False
    time: TimeFormat = ISO_8601
    delay_days: float | None = None
    true: tuple[str, ...] = ("1", "true")
    false: tuple[str, ...] = ("0", "false")
    filled: bool = False

    @property
    def title(self) -> str:
        """Name of the columns, for messages."""
        return ", ".join(self.columns)


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """Format of a CSV file; None: detected from its content.

    Attributes
    ----------
    empty : tuple of str
        Texts that mean no value.
    """

    encoding: str | None = None
    separator: str | None = None
    quote: str | None = None
    header: bool | None = None
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TransactionMap:
    """Map of a team's columns.

    Attributes
    ----------
    sources : dict of Target to Source
        Origin of each column: the transaction's fields, its label's if there are any, then further columns.
    key_variable : str
        Environment variable with the key of hashed values.
    """

    sources: dict[Target, Source]
    file: FileFormat = field(default_factory=FileFormat)
    key_variable: str = DEFAULT_KEY_VARIABLE

    @property
    def columns(self) -> list[str]:
        """The team's columns that the map reads, each once."""
        return list(dict.fromkeys(name for source in self.sources.values() for name in source.columns))

    @property
    def hashed(self) -> Iterator[Target]:
        """Columns whose values are replaced by their HMAC."""
        return (target for target, source in self.sources.items() if source.hash)

    @property
    def is_labelled(self) -> bool:
        """Whether rows have labels."""
        return any(target.name == LABEL_COLUMNS[0].name for target in self.sources)

    @property
    def arrow(self) -> pa.Schema:
        """Columns that the map fills."""
        return pa.schema([target.arrow for target in self.sources])

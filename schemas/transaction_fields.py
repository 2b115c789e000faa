"""Table of the transaction's and the label's fields: name, type, role, check, readers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Flag, StrEnum, auto
from typing import Any

import pyarrow as pa

from schemas.time_column import UTC_MS

MAX_TEXT_BYTES = 256
"""Largest size of an id or another text, in UTF-8: keeps what is derived from a record small."""


class Role(StrEnum):
    """Use that the job makes of a field; every role but ATTRIBUTE belongs to one field."""

    TRANSACTION_ID = auto()
    RECORD_KEY = auto()
    MERCHANT_ID = auto()
    AMOUNT = auto()
    CURRENCY = auto()
    LATITUDE = auto()
    LONGITUDE = auto()
    EVENT_TIME = auto()
    LABEL = auto()
    LABEL_TIME = auto()
    ATTRIBUTE = auto()


class Reader(Flag):
    """Parts that read a field."""

    FEATURES = auto()
    RULES = auto()
    ALERTS = auto()
    LABELS = auto()
    INFERENCE = auto()


@dataclass(frozen=True, slots=True)
class TextSize:
    """Smallest and largest size of a text, in bytes of UTF-8."""

    min_bytes: int
    max_bytes: int = MAX_TEXT_BYTES


@dataclass(frozen=True, slots=True)
class Degrees:
    """Largest absolute value of a coordinate."""

    max_degrees: float


class Bound(StrEnum):
    """Checks whose limits are settings, see `Limits`."""

    AMOUNT = auto()
    EVENT_TIME = auto()
    """From 2000 on, and near the record's Kafka time."""
    PAST_TIME = auto()
    """From 2000 on."""
    LABEL_TIME = auto()
    """From the event time on, and not ahead of the clock."""


Check = TextSize | Degrees | Bound | None


@dataclass(frozen=True, slots=True)
class Field:
    """A row of the table. Positional, so that a row is a line.

    Parameters
    ----------
    name : str
        Name in the Avro schema, in Arrow columns and in JSON.
    check : TextSize or Degrees or Bound or None
        Limit on the value of a single field.
    readers : Reader
        Parts that read it, besides the checks.
    doc : str
        One line for API users.
    example : object
        Valid value, as JSON has it.
    nullable : bool
        Whether records may have null in it, and files may lack the column.
    """

    name: str
    type: pa.DataType
    role: Role
    check: Check
    readers: Reader
    doc: str
    example: Any
    nullable: bool = False

    @property
    def arrow(self) -> pa.Field:
        """Column of the field."""
        return pa.field(self.name, self.type, self.nullable)


_ID, _TEXT = TextSize(1), TextSize(0)
_F, _R, _A, _L, _I = Reader.FEATURES, Reader.RULES, Reader.ALERTS, Reader.LABELS, Reader.INFERENCE

# fmt: off
TRANSACTION_FIELDS = (
    Field("transaction_id", pa.string(), Role.TRANSACTION_ID, _ID, _F | _A | _L | _I,
          "unique: the same id again is the same transaction, and gets the same answer",
          "8b6f7a52-5c0e-4d0c-9a53-0d1c6f6a9f11"),
    Field("customer_id", pa.string(), Role.RECORD_KEY, _ID, _F | _R | _A | _L | _I, "the card holder", "c-00480"),
    Field("merchant_id", pa.string(), Role.MERCHANT_ID, _ID, _F | _R | _A | _L | _I,
          "the merchant or its terminal", "m-01377"),
    Field("merchant_category", pa.string(), Role.ATTRIBUTE, _TEXT, _F | _R,
          "for example grocery or travel", "grocery"),
    Field("transaction_type", pa.string(), Role.ATTRIBUTE, _TEXT, _F | _R,
          "for example purchase or withdrawal", "purchase"),
    Field("amount_minor", pa.int64(), Role.AMOUNT, Bound.AMOUNT, _F | _A | _L | _I,
          "amount in the currency's minor unit (cents)", 1458),
    Field("currency", pa.string(), Role.CURRENCY, _TEXT, _F | _R | _A, "ISO 4217 code", "EUR"),
    Field("device_id", pa.string(), Role.ATTRIBUTE, _TEXT, _F | _R | _A | _L,
          "device or card reader as the issuer knows it", "d-7731", nullable=True),
    Field("latitude", pa.float64(), Role.LATITUDE, Degrees(90), _F,
          "degrees; with longitude or not at all", 52.52, nullable=True),
    Field("longitude", pa.float64(), Role.LONGITUDE, Degrees(180), _F,
          "degrees; with latitude or not at all", 13.405, nullable=True),
    Field("event_time", UTC_MS, Role.EVENT_TIME, Bound.EVENT_TIME, _F | _A | _L | _I,
          "when the card was used: RFC 3339 with its offset, to the millisecond", "2026-11-25T09:30:00.250Z"),
)
"""Fields of a transaction, in the order of `transaction.avsc`."""

LABEL_FIELDS = (
    *(
        replace(field, check=Bound.PAST_TIME) if field.check is Bound.EVENT_TIME else field
        for field in TRANSACTION_FIELDS if field.readers & Reader.LABELS
    ),
    Field("is_fraud", pa.bool_(), Role.LABEL, None, Reader.LABELS, "true for fraud, false for genuine", True),
    Field("label_time", UTC_MS, Role.LABEL_TIME, Bound.LABEL_TIME, Reader.LABELS,
          "when the label became known", "2026-12-01T16:00:00Z"),
)
"""Fields of a label, in the order of `label.avsc`: those of the transaction that it repeats, then its own."""
# fmt: on


def names_read_by(reader: Reader) -> tuple[str, ...]:
    """Return the names of the transaction's fields that a part reads, in the order of the table."""
    return tuple(field.name for field in TRANSACTION_FIELDS if field.readers & reader)


def name_of(role: Role) -> str:
    """Return the name of the field with a role of its own."""
    (name,) = {field.name for field in (*TRANSACTION_FIELDS, *LABEL_FIELDS) if field.role is role}
    return name


def arrow_schema(fields: Iterable[Field]) -> pa.Schema:
    """Return the columns of fields, in their order."""
    return pa.schema([field.arrow for field in fields])

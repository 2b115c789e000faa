"""Transaction of a request, validated."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    create_model,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from schemas.time_units import EARLIEST_MS
from schemas.transaction_fields import MAX_TEXT_BYTES, TRANSACTION_FIELDS, Bound, Degrees, Role, TextSize
from schemas.transaction_fields import Field as TableField
from schemas.validation import BYTE_ORDER_MARKS, NOT_UTF8, Limits

LIMITS = Limits()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EARLIEST = EPOCH + EARLIEST_MS * MILLISECOND
_NUMBER = re.compile(r"\s*[+-]?[\d_]*\.?\d*([eE][+-]?\d+)?\s*")


def _limited(value: str) -> str:
    if len(value.encode()) > MAX_TEXT_BYTES:
        raise PydanticCustomError(
            "too_long", "a text of at most {max_bytes} bytes in UTF-8", {"max_bytes": MAX_TEXT_BYTES}
        )
    return value


def _customer(value: str) -> str:
    if NOT_UTF8 in value or value.startswith(BYTE_ORDER_MARKS):
        raise PydanticCustomError("not_a_key", "an id without U+FFFD that begins with no byte order mark")
    return value


def time_text(value: object) -> object:
    """Return a time's text for its parser, and refuse what is none."""
    if not isinstance(value, str):  # a number is ambiguous: seconds or milliseconds
        raise PydanticCustomError("no_text", "a time as text, for example 2026-11-25T09:30:00.250Z")
    if _NUMBER.fullmatch(value):  # pydantic would read it as seconds or milliseconds, by its size
        raise PydanticCustomError(
            "a_number", "a time in RFC 3339, for example 2026-11-25T09:30:00.250Z, not seconds or milliseconds"
        )
    return value


def _since_2000(value: datetime) -> datetime:
    if value < EARLIEST:
        raise PydanticCustomError("too_early", "a time from 2000 on")
    return value


class CheckedTransaction(BaseModel):
    """Base of transactions: checks that concern two fields."""

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        fields = vars(self)
        if (fields["latitude"] is None) != (fields["longitude"] is None):
            raise PydanticCustomError("half_a_location", "both latitude and longitude, or neither")
        currency = fields["currency"]
        max_minor = LIMITS.max_amounts_minor.get(currency, LIMITS.max_amount_minor)
        if fields["amount_minor"] > max_minor:
            raise PydanticCustomError("amount", f"at most {max_minor} minor units of {currency[:3]}")
        return self


Text = Annotated[str, Field(max_length=MAX_TEXT_BYTES), AfterValidator(_limited)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_BYTES), AfterValidator(_limited)]
CustomerId = Annotated[Id, AfterValidator(_customer)]

EXAMPLE: JsonDict = {field.name: field.example for field in TRANSACTION_FIELDS}


def _type_of(field: TableField) -> Any:
    """Return the type of a field with the limits of its check."""
    match field.check:
        case TextSize() if field.role is Role.RECORD_KEY:
            return CustomerId
        case TextSize(min_bytes):
            return Id if min_bytes else Text
        case Degrees(max_degrees):
            return Annotated[float, Field(ge=-max_degrees, le=max_degrees)]
        case Bound.AMOUNT:
            return Annotated[int, Field(ge=0, le=LIMITS.greatest_max_amount_minor)]
        case Bound.EVENT_TIME:
            return Annotated[
                AwareDatetime, Field(strict=False), BeforeValidator(time_text), AfterValidator(_since_2000)
            ]
        case _:
            raise TypeError(f"expected the check of a transaction's field, got {field.check} of {field.name}")


def _definition(field: TableField) -> tuple[Any, Any]:
    if field.nullable:
        return _type_of(field) | None, Field(default=None, description=field.doc)
    return _type_of(field), Field(description=field.doc)


_Fields = create_model(
    "_Fields", __base__=CheckedTransaction, **{field.name: _definition(field) for field in TRANSACTION_FIELDS}
)  # type: ignore[call-overload]


class Transaction(_Fields):  # type: ignore[misc, valid-type]
    """A card transaction, with the limits that the job would set it aside for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, json_schema_extra={"examples": [EXAMPLE]})

    def record(self) -> dict[str, Any]:
        """Return the fields of `transaction.avsc`, and declared columns; times in milliseconds since 1970."""
        return {name: (value - EPOCH) // MILLISECOND if isinstance(value, datetime) else value for name, value in self}

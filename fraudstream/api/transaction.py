"""Transaction of a request, validated."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from schemas.time_units import EARLIEST_MS
from schemas.transaction_fields import MAX_TEXT_BYTES
from schemas.validation import BYTE_ORDER_MARKS, NOT_UTF8, Limits

LIMITS = Limits()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EARLIEST = EPOCH + EARLIEST_MS * MILLISECOND
_NUMBER = re.compile(r"\s*[+-]?[\d_]*\.?\d*([eE][+-]?\d+)?\s*")


def _limited(value: str) -> str:
    if len(value.encode()) > MAX_TEXT_BYTES:
        raise PydanticCustomError("too_long", "a text of at most {most} bytes in UTF-8", {"most": MAX_TEXT_BYTES})
    return value


def _customer(value: str) -> str:
    if NOT_UTF8 in value or value.startswith(BYTE_ORDER_MARKS):
        raise PydanticCustomError("not_a_key", "an id without U+FFFD that begins with no byte order mark")
    return value


def _text(value: object) -> object:
    if not isinstance(value, str):  # of a number nobody could tell whether it is seconds or milliseconds
        raise PydanticCustomError("no_text", "a time as text, for example 2026-11-25T09:30:00.250Z")
    if _NUMBER.fullmatch(value):  # pydantic would take it for seconds or milliseconds, by its size
        raise PydanticCustomError(
            "a_number", "a time in RFC 3339, for example 2026-11-25T09:30:00.250Z, not seconds or milliseconds"
        )
    return value


def _since_2000(value: datetime) -> datetime:
    if value < EARLIEST:
        raise PydanticCustomError("too_early", "a time from 2000 on")
    return value


def require_whole_place(latitude: float | None, longitude: float | None) -> None:
    """Refuse half a place."""
    if (latitude is None) != (longitude is None):
        raise PydanticCustomError("half_a_place", "both latitude and longitude, or neither")


def require_amount(amount_minor: int, currency: str) -> None:
    """Refuse an amount beyond the bound of its currency."""
    most = LIMITS.max_amounts_minor.get(currency, LIMITS.max_amount_minor)
    if amount_minor > most:
        raise PydanticCustomError("amount", f"at most {most} minor units of {currency[:3]}")


Text = Annotated[str, Field(max_length=MAX_TEXT_BYTES), AfterValidator(_limited)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_BYTES), AfterValidator(_limited)]
CustomerId = Annotated[Id, AfterValidator(_customer)]

EXAMPLE: JsonDict = {
    "transaction_id": "8b6f7a52-5c0e-4d0c-9a53-0d1c6f6a9f11",
    "customer_id": "c-00480",
    "merchant_id": "m-01377",
    "merchant_category": "grocery",
    "transaction_type": "purchase",
    "amount_minor": 1458,
    "currency": "EUR",
    "device_id": "d-7731",
    "latitude": 52.52,
    "longitude": 13.405,
    "event_time": "2026-11-25T09:30:00.250Z",
}


class Transaction(BaseModel):
    """A card transaction, with the limits that the job would set it aside for."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [EXAMPLE]},
    )

    transaction_id: Id
    """unique: the same id again is the same transaction, and gets the same answer"""
    customer_id: CustomerId
    """the card holder"""
    merchant_id: Id
    """the merchant or its terminal"""
    merchant_category: Text
    """for example grocery or travel"""
    transaction_type: Text
    """for example purchase or withdrawal"""
    amount_minor: Annotated[int, Field(ge=0, le=LIMITS.greatest_max_amount_minor)]
    """amount in the currency's minor unit (cents)"""
    currency: Text
    """ISO 4217 code"""
    device_id: Text | None = None
    """device or card reader as the issuer knows it"""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    """degrees; with longitude or not at all"""
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    """degrees; with latitude or not at all"""
    event_time: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text), AfterValidator(_since_2000)]
    """when the card was used: RFC 3339 with its offset, to the millisecond"""

    @model_validator(mode="after")
    def _whole(self) -> Transaction:
        require_whole_place(self.latitude, self.longitude)
        require_amount(self.amount_minor, self.currency)
        return self

    def record(self) -> dict[str, Any]:
        """Return the fields of `transaction.avsc`."""
        fields = dict(self)
        fields["event_time"] = (self.event_time - EPOCH) // MILLISECOND
        return fields

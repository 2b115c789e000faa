"""Columns that each transaction has, as declared features name them."""

from schemas.transaction_fields import TRANSACTION_FIELDS, Role, TextSize

AMOUNT = "amount"
"""Amount in major units."""

CORE_KINDS: dict[str, str] = {
    AMOUNT: "number",
    **{
        field.name: "text" if isinstance(field.check, TextSize) else "number"
        for field in TRANSACTION_FIELDS
        if field.role not in {Role.TRANSACTION_ID, Role.AMOUNT, Role.EVENT_TIME}
    },
}
"""Kind of each column that declared features may name, besides the declared ones."""

CORE_ENTITIES = {"customer": ("customer_id",), "merchant": ("merchant_id",), "device": ("device_id",)}
"""Entities of each transaction, and their columns."""

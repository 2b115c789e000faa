"""Deterministic ids of alerts."""

from uuid import UUID, uuid5

# A fixed namespace of our own: with it an alert's id follows from its transaction alone.
_ALERTS = UUID("6f2d7a35-94a1-5c6e-8b0f-0d6c3f3f7c11")


def alert_id(customer_id: str, transaction_id: str) -> str:
    """Return the id of the alert on a customer's transaction: the same each time it is emitted.

    Two customers may use one transaction id. The customer's length comes first, so that no other pair makes the same
    name.
    """
    return str(uuid5(_ALERTS, f"{len(customer_id)}:{customer_id}{transaction_id}"))

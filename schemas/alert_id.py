from uuid import UUID, uuid5

# A fixed namespace of our own: with it an alert's id follows from its transaction's id alone.
_ALERTS = UUID("6f2d7a35-94a1-5c6e-8b0f-0d6c3f3f7c11")


def alert_id(transaction_id: str) -> str:
    """Return the id of the alert on a transaction: the same each time it is emitted, so repeats are recognised."""
    return str(uuid5(_ALERTS, transaction_id))

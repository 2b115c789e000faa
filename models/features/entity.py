"""Declared entities: columns of a transaction that have keyed state of their own, next to the customer."""

from typing import NamedTuple


class Entity(NamedTuple):
    """A column whose values have live features over the transactions of all customers.

    Parameters
    ----------
    name : str
        Prefix of its features.
    column : str
        Text column of the transaction; null: the transaction has no such entity, and its features are missing.
    is_personal : bool
        Whether one customer is usual, as with a device; else as many as in its own past week.
    """

    name: str
    column: str
    is_personal: bool = False


ENTITIES = (Entity("merchant", "merchant_id"), Entity("device", "device_id", is_personal=True))
"""Entities in the order of their features."""

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
    has_labels : bool
        Whether labels have the column too, so that it has features from known labels.
    """

    name: str
    column: str
    is_personal: bool = False
    has_labels: bool = False


ENTITIES = (
    Entity("merchant", "merchant_id", has_labels=True),
    Entity("device", "device_id", is_personal=True, has_labels=True),
)
"""Entities in the order of their features, those with labels first."""

LABELLED_ENTITIES = tuple(entity for entity in ENTITIES if entity.has_labels)

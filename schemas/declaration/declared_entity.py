"""Declared entity of the transactions."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DeclaredEntity:
    """Entity that transactions have in common.

    Attributes
    ----------
    name : str
    columns : tuple of str
        Text columns whose values, together, identify it: declared ones, or fields of each transaction.
    """

    name: str
    columns: tuple[str, ...]

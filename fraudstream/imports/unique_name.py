"""Names that are each given once."""

from collections.abc import Container
from itertools import count


def unique_name(name: str, taken: Container[str]) -> str:
    """Return a name, with the first number from 2 on that makes it one that is not taken, where it is."""
    if name not in taken:
        return name
    return next(numbered for number in count(2) if (numbered := f"{name}_{number}") not in taken)

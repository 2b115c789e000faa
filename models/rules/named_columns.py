"""Batch of transactions as conditions read it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.rules.text_column import TextColumns
from models.rules.text_table import TextTable


class NamedColumns(TextColumns, Protocol):
    """Batch of n transactions whose numbers and texts are looked up by name, each computed on first use."""

    lists: Mapping[str, TextTable]

    def number(self, name: str) -> NDArray[np.float32]:
        """Return a number, (n,); NaN where it is missing."""
        ...

    def absent(self, name: str) -> NDArray[np.bool_]:
        """Return where a text is missing, (n,)."""
        ...

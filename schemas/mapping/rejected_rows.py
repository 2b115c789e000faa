"""Rows of a file that do not convert, with their reasons."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.mapping.card_numbers import masked
from schemas.rejection import Reason

Mask = npt.NDArray[np.bool_]

REJECTED_ARROW = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("column", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("detail", pa.string(), nullable=False),
    ]
)
"""Number of the row in the file from 1 on, without the header; reason of `dead_letter.avsc`; and the value in words."""

HIDDEN = "(hidden)"
MAX_VALUE = 80
"""Characters of a value."""


def rejected_rows(
    rows: npt.NDArray[np.int64], reason: Reason, column: str, values: pa.Array, expected: str
) -> pa.Table:
    """Return n rejected rows of the same reason.

    Parameters
    ----------
    rows : (n,) int64
        Their numbers in the file.
    values : pyarrow string array, (n,)
        The values that do not convert; the digits of card numbers are hidden.
    """
    shown = masked(pc.utf8_slice_codeunits(values, 0, MAX_VALUE))
    quoted = pc.binary_join_element_wise("'", shown.fill_null(""), "'", "")
    return rejected_in_words(rows, reason, column, shown, pc.binary_join_element_wise(expected, quoted, ", got "))


def rejected_in_words(
    rows: npt.NDArray[np.int64], reason: Reason, column: str, values: pa.Array | None, details: Sequence[str] | pa.Array
) -> pa.Table:
    """Return n rejected rows of the same reason, each with its own detail."""
    size = len(rows)
    return pa.table(
        [
            pa.array(rows, pa.int64()),
            pa.repeat(reason.value, size),
            pa.repeat(column, size),
            pa.nulls(size, pa.string()) if values is None else values,
            pa.array(details, pa.string()),
        ],
        schema=REJECTED_ARROW,
    )

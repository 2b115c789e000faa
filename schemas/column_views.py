"""NumPy views of the columns that checks read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_buffers import is_null, numbers, string_offsets
from schemas.transaction_fields import Bound, Degrees, Field, TextSize


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ColumnViews:
    """NumPy views of a batch of n records by column name, made once for all checks.

    Attributes
    ----------
    rows : int
        Number of records.
    texts : dict of str to ndarray of int32, (n + 1,)
        Offsets of the texts' bytes; a null text has no bytes.
    numbers : dict of str to ndarray of int64 or float64, (n,)
        Numbers, and times in milliseconds since 1970; undefined at a null.
    absent : dict of str to ndarray of bool, (n,)
        Nulls of the coordinates.
    """

    rows: int
    texts: dict[str, npt.NDArray[np.int32]]
    numbers: dict[str, npt.NDArray[Any]]
    absent: dict[str, npt.NDArray[np.bool_]]

    @classmethod
    def of(cls, records: pa.RecordBatch, fields: Iterable[Field]) -> "ColumnViews":
        """Return the views of the columns that have a check."""
        views = cls(rows=len(records), texts={}, numbers={}, absent={})
        for field in fields:
            if field.check is None:
                continue
            column = records.column(field.name)
            match field.check:
                case TextSize():
                    views.texts[field.name] = string_offsets(column)
                case Degrees():
                    views.numbers[field.name] = numbers(column, np.float64)
                    views.absent[field.name] = is_null(column)
                case Bound():
                    views.numbers[field.name] = numbers(column, np.int64)
                case _:
                    assert_never(field.check)
        return views

"""Rows of a team's file, as texts."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.mapping.rejected_rows import REJECTED_ARROW

NO_REJECTIONS = REJECTED_ARROW.empty_table()


class SourceRows(NamedTuple):
    """Part of a file.

    Attributes
    ----------
    columns : pyarrow.RecordBatch
        n rows of texts.
    rows : (n,) int64
        Their numbers in the file, from 1 on, without the header.
    rejected : pyarrow.Table
        Rows that could not be read, in the columns of `REJECTED_ARROW`.
    position : int
        Read part of the file, in the unit of the source's size: bytes of CSV, rows of Parquet.
    """

    columns: pa.RecordBatch
    rows: npt.NDArray[np.int64]
    rejected: pa.Table
    position: int

"""Parquet files as parts of rows."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fraudstream.imports.source_rows import NO_REJECTIONS, SourceRows
from schemas.errors import UserError
from schemas.s3_path import arrow_source, reading

PART_ROWS = 1 << 16


class ParquetFile:
    """Parquet file, whose values are read as texts in plain formats.

    Raises
    ------
    UserError
        The file is not Parquet, or has a column twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with reading(path):
                self._file = pq.ParquetFile(arrow_source(path))
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"expected Parquet at {path}, got: {str(error).splitlines()[0]}. Copy it again") from None
        self.names: tuple[str, ...] = tuple(self._file.schema_arrow.names)
        if len(set(self.names)) < len(self.names):
            raise UserError(f"{path}: expected each column once, got {', '.join(self.names)}. Rename or drop one")
        self.size: int = self._file.metadata.num_rows

    def parts(self, columns: Sequence[str]) -> Iterator[SourceRows]:
        """Yield the rows of some columns, part by part.

        Raises
        ------
        UserError
            A column has values that are no texts, numbers, times or flags.
        """
        first = 1
        for batch in self._file.iter_batches(PART_ROWS, columns=list(columns)):
            texts = [self._texts(name, batch.column(name)) for name in columns]
            rows = np.arange(first, first + len(batch), dtype=np.int64)
            first += len(batch)
            yield SourceRows(pa.RecordBatch.from_arrays(texts, list(columns)), rows, NO_REJECTIONS, first - 1)

    def _texts(self, name: str, column: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        try:
            return column.cast(pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            kind = column.type
            raise UserError(
                f"{self.path}: expected texts, numbers or times as {name}, got {kind}. Convert it"
            ) from None

"""CSV files as parts of rows."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from fraudstream.imports.csv_dialect import SAMPLE_BYTES, CsvDialect, detect_dialect
from fraudstream.imports.source_rows import NO_REJECTIONS, SourceRows
from fraudstream.imports.text_stream import TextFile, Utf8Stream
from schemas.errors import UserError
from schemas.mapping.rejected_rows import HIDDEN, rejected_in_words
from schemas.mapping.transaction_map import FileFormat
from schemas.rejection import Reason

BLOCK_BYTES = 8 << 20
"""Bytes of a part, and of the longest row."""


class CsvFile:
    """CSV file, possibly compressed.

    Raises
    ------
    UserError
        The file is missing or empty, an archive, or in an unknown encoding.
    """

    def __init__(self, path: Path, known: FileFormat, *, block_bytes: int = BLOCK_BYTES) -> None:
        self._file = TextFile(path)
        self._block_bytes = block_bytes
        self.path = path
        self.size = self._file.size
        sample = self._file.sample(SAMPLE_BYTES)
        try:
            self.dialect: CsvDialect = detect_dialect(sample, known, whole=len(sample) < SAMPLE_BYTES)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        self.names: tuple[str, ...] = self.dialect.names

    def parts(self, columns: Sequence[str]) -> Iterator[SourceRows]:
        """Yield the rows of some columns, part by part.

        Raises
        ------
        UserError
            The rest of the file can't be split into rows.
        """
        ragged: list[pa_csv.InvalidRow] = []

        def skip(row: pa_csv.InvalidRow) -> str:
            ragged.append(row)
            return "skip"

        first = 1
        with self._file.utf8(self.dialect.encoding) as stream:
            try:
                for batch in self._open(stream, columns, skip):
                    rows, skipped = self._numbers(first, len(batch), ragged)
                    first += len(rows) + len(skipped)
                    yield SourceRows(batch, rows, self._rejected(skipped), stream.position)
            except OSError as error:
                raise self._file.broken(error) from None
            except pa.ArrowInvalid as error:
                raise UserError(f"{self.path}: {self._fault(error)}") from None
        if ragged:
            nothing = pa.RecordBatch.from_pylist([], schema=pa.schema([(name, pa.string()) for name in columns]))
            yield SourceRows(nothing, np.empty(0, np.int64), self._rejected(ragged), self.size)

    def _open(
        self, stream: Utf8Stream, columns: Sequence[str], skip: Callable[[pa_csv.InvalidRow], str]
    ) -> pa_csv.CSVStreamingReader:
        dialect = self.dialect
        # One thread: only then are rows numbered. Line breaks in quotes are part of a value.
        read = pa_csv.ReadOptions(
            column_names=list(self.names),
            skip_rows_after_names=int(dialect.header),
            block_size=self._block_bytes,
            use_threads=False,
        )
        parse = pa_csv.ParseOptions(
            delimiter=dialect.separator,
            quote_char=dialect.quote or False,
            newlines_in_values=bool(dialect.quote),
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        )
        convert = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(self.names, pa.string()), include_columns=list(columns), check_utf8=False
        )
        return pa_csv.open_csv(pa.PythonFile(stream, "r"), read, parse, convert)

    def _numbers(
        self, first: int, size: int, ragged: list[pa_csv.InvalidRow]
    ) -> tuple[npt.NDArray[np.int64], list[pa_csv.InvalidRow]]:
        """Return the numbers of n rows, and the ragged rows among them; later ones were only read ahead."""
        end, skipped = first + size, []
        while ragged and self._number(ragged[0]) <= end:
            skipped.append(ragged.pop(0))
            end += 1
        numbers = np.array([self._number(row) for row in skipped], np.int64)
        return np.setdiff1d(np.arange(first, end, dtype=np.int64), numbers, assume_unique=True), skipped

    def _number(self, row: pa_csv.InvalidRow) -> int:
        return int(row.number) - int(self.dialect.header)

    def _rejected(self, ragged: Sequence[pa_csv.InvalidRow]) -> pa.Table:
        if not ragged:
            return NO_REJECTIONS
        numbers = np.array([self._number(row) for row in ragged], np.int64)
        details = [f"expected {row.expected_columns} columns, got {row.actual_columns}" for row in ragged]
        return rejected_in_words(numbers, Reason.UNDECODABLE, "", pa.repeat(HIDDEN, len(ragged)), details)

    def _fault(self, error: Exception) -> str:
        if "straddling" in str(error):
            return (
                f"expected rows of at most {self._block_bytes >> 20} MB, got a longer one, as after an open quote. "
                f"Correct the row, or set quote in [file] of the map (now {self.dialect.quote!r})"
            )
        return f"expected CSV, got: {str(error).splitlines()[0]}. Correct the file"

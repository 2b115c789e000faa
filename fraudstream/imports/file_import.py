"""Import of a team's file to Parquet in the canonical columns."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from fraudstream.imports.csv_file import CsvFile
from fraudstream.imports.import_summary import ImportSummary
from fraudstream.imports.parquet_file import ParquetFile
from fraudstream.imports.text_stream import is_parquet
from models.whole_file import whole_file
from schemas.columns import LABEL_FILE_ARROW
from schemas.durations import DAY_MS
from schemas.errors import UserError
from schemas.file_limits import USUAL_LIMITS, FileLimits
from schemas.mapping.rejected_rows import REJECTED_ARROW
from schemas.mapping.row_converter import RowConverter
from schemas.mapping.transaction_map import FileFormat, MapError, TransactionMap
from schemas.rule_book import meant
from schemas.s3_path import arrow_source

TRANSACTIONS, HISTORY, LABELS, REJECTED = "transactions.parquet", "history.parquet", "labels.parquet", "rejected.csv"
MAX_SHOWN = 30
"""Columns of a file that a message lists."""

Progress = Callable[[int], None]


def open_source(path: Path, known: FileFormat) -> CsvFile | ParquetFile:
    """Open a file of rows, CSV or Parquet by its first bytes."""
    return ParquetFile(path) if is_parquet(path) else CsvFile(path, known)


def import_file(
    source: CsvFile | ParquetFile,
    mapping: TransactionMap,
    folder: Path,
    *,
    key: bytes | None = None,
    holdout_days: float | None = None,
    limits: FileLimits = USUAL_LIMITS,
    progress: Progress = lambda _: None,
) -> ImportSummary:
    """Convert a file, part by part, to the files of a folder.

    Parameters
    ----------
    key : bytes, optional
        Key of hashed columns.
    holdout_days : float, optional
        Last days of event time that `HISTORY` leaves out; without it there is no such file.
    progress : callable
        Called with the position in the file.

    Raises
    ------
    UserError
        The file lacks a column, has card numbers, or no row that converts. The files of the folder are then unchanged,
        except the rejected rows.
    """
    _require_columns(mapping, source)
    converter, summary = RowConverter(mapping, limits, key), ImportSummary()
    with _csv_writer(folder / REJECTED) as rejected, suppress(_NothingImported), ExitStack() as outputs:
        transactions = outputs.enter_context(_parquet_writer(folder / TRANSACTIONS, mapping.arrow))
        labels = (
            outputs.enter_context(_parquet_writer(folder / LABELS, LABEL_FILE_ARROW)) if mapping.is_labelled else None
        )
        for part in source.parts(mapping.columns):
            converted = converter.convert(part.columns, part.rows)
            summary.add_rejected(part.rejected)
            summary.add(converted)
            rejected.write_table(pa.concat_tables([part.rejected, converted.rejected]).sort_by("row"))
            transactions.write_table(converted.records)
            if labels is not None:
                labels.write_table(_labels(converted.records))
            progress(part.position)
        if not summary.imported:
            raise _NothingImported
    if not summary.imported:
        raise UserError(_nothing(source.path, summary, folder))
    _complete(folder, mapping, summary, holdout_days)
    return summary


class _NothingImported(Exception):  # noqa: N818  (ends the writers of files that would be empty)
    """No row of a file converts."""


def _require_columns(mapping: TransactionMap, source: CsvFile | ParquetFile) -> None:
    """Refuse a map with columns that the file does not have."""
    lines = []
    for target, origin in mapping.sources.items():
        for name in origin.columns:
            if name not in source.names:
                hint = meant(name, source.names)
                lines.append(f"expected a column {name!r} for {target.name}, found none{hint or '. Correct the map'}")
    if lines:
        more = ", ..." if len(source.names) > MAX_SHOWN else ""
        has = f"The file has {', '.join(source.names[:MAX_SHOWN])}{more}"
        raise MapError("\n  ".join([f"{source.path}: {lines[0]}", *lines[1:], has]))


def _labels(records: pa.Table) -> pa.Table:
    labels = records.select(LABEL_FILE_ARROW.names)
    return labels.filter(labels["label_time"].is_valid()).cast(LABEL_FILE_ARROW)


def _nothing(path: Path, summary: ImportSummary, folder: Path) -> str:
    if not summary.read:
        return f"{path}: expected transactions, got an empty file. Give another one"
    reasons = "".join(f"\n  {reason} {count}, such as {example}" for reason, count, example in summary.reasons())
    return (
        f"{path}: expected transactions, got {summary.read:,} rows that do not convert. Correct the map; "
        f"{folder / REJECTED} lists them:{reasons}"
    )


def _complete(folder: Path, mapping: TransactionMap, summary: ImportSummary, holdout_days: float | None) -> None:
    """Write the history without the last days, and remove files of an earlier import that this one does not write."""
    if not mapping.is_labelled:
        (folder / LABELS).unlink(missing_ok=True)
    if holdout_days is None:
        (folder / HISTORY).unlink(missing_ok=True)
        return
    end = pa.scalar(summary.last_ms - round(holdout_days * DAY_MS), pa.int64())
    source = arrow_source(folder / TRANSACTIONS)
    with pq.ParquetFile(source) as file, _parquet_writer(folder / HISTORY, file.schema_arrow) as history:
        for batch in file.iter_batches():
            history.write_batch(batch.filter(pc.less(batch.column("event_time").cast(pa.int64()), end)))


@contextmanager
def _parquet_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    with whole_file(path) as partial, pq.ParquetWriter(partial, schema) as writer:
        yield writer


@contextmanager
def _csv_writer(path: Path) -> Iterator[pa_csv.CSVWriter]:
    with whole_file(path) as partial, pa_csv.CSVWriter(partial, REJECTED_ARROW) as writer:
        yield writer

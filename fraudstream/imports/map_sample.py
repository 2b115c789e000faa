"""Profiles of a file's columns, from its first rows."""

from fraudstream.imports.column_profile import ColumnProfile
from fraudstream.imports.csv_file import CsvFile
from fraudstream.imports.map_guess import GuessedMap, guess_map
from fraudstream.imports.parquet_file import ParquetFile
from schemas.errors import UserError
from schemas.mapping.value_conversion import trimmed

SAMPLE_ROWS = 20_000


def guess_map_of(source: CsvFile | ParquetFile) -> GuessedMap:
    """Return the likeliest map of a file, from its first `SAMPLE_ROWS` rows.

    Raises
    ------
    UserError
        It has no rows.
    """
    part = next(source.parts(source.names), None)
    if part is None or not len(part.columns):
        raise UserError(f"{source.path}: expected transactions, got no rows. Give another file")
    rows = part.columns.slice(0, SAMPLE_ROWS)
    profiles = [ColumnProfile(name, trimmed(rows.column(name))) for name in source.names]
    return guess_map(profiles, _format_of(source))


def _format_of(source: CsvFile | ParquetFile) -> dict[str, str | bool]:
    if isinstance(source, ParquetFile):
        return {}
    dialect = source.dialect
    return {
        "encoding": dialect.encoding,
        "separator": dialect.separator,
        "quote": dialect.quote,
        "header": dialect.header,
    }

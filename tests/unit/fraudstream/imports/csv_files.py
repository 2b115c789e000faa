"""CSV files of the tests, and their import."""

from pathlib import Path

from fraudstream.imports.file_import import import_file, open_source
from fraudstream.imports.import_summary import ImportSummary
from schemas.mapping.map_parser import parse_map
from tests.unit.schemas.mapping.maps import LABELS, tables

HEADER = "id,card,shop,kind,amount,currency,paid_at,fraud,reported_at"
FIRST = "p-1,007,NA,grocery,14.58,EUR,2026-01-01T09:30:00.250Z,1,2026-01-08T09:30:00Z"
SECOND = "p-2,007,Café,grocery,3.10,EUR,2026-01-20T09:30:00Z,0,2026-01-28T09:30:00Z"


def row(number: int, **cells: str) -> str:
    """Return a row with its number as id, and some cells replaced."""
    names = HEADER.split(",")
    return ",".join(
        {**dict(zip(names, SECOND.split(","), strict=True)), "id": f"p-{number}", **cells}[n] for n in names
    )


def write(folder: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    """Write lines to a file."""
    path = folder / "payments.csv"
    path.write_text(end.join(lines) + end, encoding=encoding, newline="")
    return path


def imported(path: Path, *, file: dict | None = None, **fields: object) -> ImportSummary:
    """Import a file with the map of the tests to a folder next to it."""
    mapping = parse_map(tables(file=file, **LABELS | fields))
    return import_file(open_source(path, mapping.file), mapping, path.parent / "out", holdout_days=7)

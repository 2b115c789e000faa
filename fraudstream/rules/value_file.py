"""Files of list values: text with one value per line, or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from schemas.list_entry import value_problem
from schemas.rule_book import RuleError, meant

MAX_PROBLEMS = 5
"""Maximum number of mistakes that a message names."""


@dataclass(frozen=True, kw_only=True)
class ValueFile:
    """Values read from a file.

    Attributes
    ----------
    values : dict of str to datetime or None
        Values with the event time of their expiry, UTC; None: no expiry.
    repeated : int
        Number of lines with a value that a later line replaces.
    """

    values: dict[str, datetime | None]
    repeated: int

    @classmethod
    def read(cls, path: Path, *, column: str = "value", until_column: str = "until") -> ValueFile:
        """Read a file: CSV with a header if its name ends in .csv, else text with one value per line.

        Parameters
        ----------
        path
            File in UTF-8.
        column, until_column
            CSV columns of the values and their expiry times; the latter may be missing, and its cells empty.

        Raises
        ------
        RuleError
            The file or its values are missing, or a line has a mistake.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise RuleError(f"expected a file of values at {path}, got: {error.strerror}. Correct its name") from None
        except UnicodeDecodeError as error:
            raise RuleError(f"expected UTF-8 in {path}, got: {error}. Save it as UTF-8") from None
        is_csv = path.suffix.lower() == ".csv"
        rows = list(_csv_rows(path, text, column, until_column) if is_csv else _text_rows(text))
        _require_right(path, rows)
        return cls(values={value: _moment(until) for _, value, until in rows}, repeated=_repeated(rows))


_Row = tuple[int, str, str]
"""Line number, value, and text of the expiry."""


def _text_rows(text: str) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip(), ""


def _csv_rows(path: Path, text: str, column: str, until_column: str) -> Iterator[_Row]:
    lines = csv.DictReader(io.StringIO(text))
    try:
        yield from _named_rows(path, lines, column, until_column)
    except csv.Error as error:
        raise RuleError(f"expected CSV in {path}, got: {error} (line {lines.line_num}). Correct that line") from None


def _named_rows(path: Path, lines: csv.DictReader[str], column: str, until_column: str) -> Iterator[_Row]:
    names = list(lines.fieldnames or [])
    if column not in names:
        raise RuleError(
            f"expected a column {column} in {path}, got {', '.join(names) or 'none'}{meant(column, names)} "
            "Name it with --column"
        )
    for line in lines:
        yield lines.line_num, (line[column] or "").strip(), (line.get(until_column) or "").strip()


def _require_right(path: Path, rows: list[_Row]) -> None:
    if not rows:
        raise RuleError(f"expected values in {path}, got none. Write one per line")
    wrong = [f"line {number}: {problem}" for number, value, until in rows if (problem := _problem(value, until))]
    if wrong:
        more = f"; and {len(wrong) - MAX_PROBLEMS:,} more" if len(wrong) > MAX_PROBLEMS else ""
        raise RuleError(f"{path}: {'; '.join(wrong[:MAX_PROBLEMS])}{more}. Correct or leave them out")


def _problem(value: str, until: str) -> str:
    try:
        _moment(until)
    except (ValueError, OverflowError):
        return f"expected an end like 2027-01-31 or 2027-01-31T12:00:00Z, got {until!a}"
    return value_problem(value)


def _moment(text: str) -> datetime | None:
    """Parse a date (its midnight) or a time as UTC, in whole milliseconds."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _repeated(rows: list[_Row]) -> int:
    return len(rows) - len({value for _, value, _ in rows})

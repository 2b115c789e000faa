"""Detection of a CSV file's encoding, separator, quotes and header."""

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from charset_normalizer import from_bytes

from fraudstream.imports.unique_name import unique_name
from schemas.errors import UserError
from schemas.mapping.transaction_map import FileFormat

SAMPLE_BYTES = 1 << 18
SEPARATORS = (",", ";", "\t", "|")
QUOTES = ('"', "'")
MIN_SHARE = 0.8
"""Share of rows with the usual number of columns; the rest are ragged."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LIKELY = ("cp1252", "iso8859_15", "cp1250", "cp1251", "mac_roman", "shift_jis", "gb18030", "big5", "euc_kr", "euc_jp")
_USUAL = "cp1252"
_VALUE = re.compile(r"[-+(]?[\d.,:/ TZ+-]*\d[\d.,:/ TZ+)-]*|true|false", re.IGNORECASE)
"""Text of a number, a time or a flag, which no header has."""


@dataclass(frozen=True, kw_only=True)
class CsvDialect:
    """Dialect of a CSV file.

    Attributes
    ----------
    names : tuple of str
        Names of the columns, each once: a repeated one with a number, an empty one by its position.
    """

    encoding: str
    separator: str
    quote: str
    header: bool
    names: tuple[str, ...]


def detect_dialect(sample: bytes, known: FileFormat, *, whole: bool) -> CsvDialect:
    """Return the dialect of a file.

    Parameters
    ----------
    sample : bytes
        Begin of the file.
    known : FileFormat
        Parts of the dialect that need no detection.
    whole : bool
        Whether the sample is the whole file.

    Raises
    ------
    UserError
        The file is empty, or its encoding is unknown.
    """
    encoding = known.encoding or detect_encoding(sample)
    lines = _complete_lines(_decoded(sample, encoding), whole=whole)
    if not lines.strip():
        raise UserError("expected rows of CSV, got an empty file. Give another one")
    separator, quote = _separator_and_quote(lines, known)
    rows = [row for row in _rows(lines, separator, quote) if any(cell.strip() for cell in row)]
    header = known.header if known.header is not None else not any(_VALUE.fullmatch(cell.strip()) for cell in rows[0])
    if header and whole and len(rows) == 1:
        raise UserError("expected rows of CSV, got a header alone. Give another one")
    width = Counter(len(row) for row in rows[1:] or rows).most_common(1)[0][0]
    first = rows[0] if header else []
    return CsvDialect(
        encoding=encoding,
        separator=separator,
        quote=quote,
        header=header,
        names=_unique(
            [*first, *[""] * (width - len(first))] if len(first) < width else _without_trailing(first, width)
        ),
    )


def detect_encoding(sample: bytes) -> str:
    """Return the encoding of a text: by its mark, by its zeros, UTF-8 if it is valid, else the likeliest."""
    for mark, encoding in _MARKS.items():
        if sample.startswith(mark):
            return encoding
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) // 5:
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        best = from_bytes(sample, cp_isolation=list(_LIKELY)).best()
        return _USUAL if best is None or _USUAL in best.could_be_from_charset else best.encoding
    return "utf-8"


def _decoded(sample: bytes, encoding: str) -> str:
    try:
        text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)
    except LookupError:
        raise UserError(f"expected an encoding such as utf-8 or cp1252, got {encoding!r}. Correct [file]") from None
    return text.removeprefix("\ufeff")


def _complete_lines(text: str, *, whole: bool) -> str:
    return text if whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text


def _separator_and_quote(text: str, known: FileFormat) -> tuple[str, str]:
    """Return the separator and quote with which most rows have the same number of columns, and the most columns."""
    separators = SEPARATORS if known.separator is None else (known.separator,)
    quotes = QUOTES if known.quote is None else (known.quote,)

    def score(separator: str, quote: str) -> tuple[bool, bool, int, float, bool]:
        rows = [len(row) for row in _rows(text, separator, quote) if row] or [1]
        data = rows[1:] or rows
        width, count = Counter(data).most_common(1)[0]
        share = count / len(data)
        # Decimal commas may be in every row, but not in the header.
        quoted = any(f"{edge}{quote}" in text for edge in (separator, "\n"))
        return (
            share > MIN_SHARE and width > 1,
            rows[0] == width,
            width,
            share,
            quoted and _is_strict(text, separator, quote),
        )

    # The first of equal scores: a comma, and a double quote.
    return max(((one, quote) for quote in quotes for one in separators), key=lambda pair: score(*pair))


def _rows(text: str, separator: str, quote: str) -> list[list[str]]:
    """Return the rows up to one that is longer than the reader's limit, as after an open quote."""
    return list(_until_an_error(_reader(text, separator, quote)))


def _is_strict(text: str, separator: str, quote: str) -> bool:
    """Return whether each closing quote ends a cell."""
    try:
        deque(_reader(text, separator, quote, strict=True), maxlen=0)
    except csv.Error:
        return False
    return True


def _reader(text: str, separator: str, quote: str, *, strict: bool = False) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    if not quote:
        return csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=separator, quotechar=quote, strict=strict)


def _until_an_error(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    with suppress(csv.Error):
        yield from rows


def _without_trailing(names: list[str], width: int) -> list[str]:
    """Return a header without the names that rows have no value for, if these are empty."""
    return names[:width] if not any(name.strip() for name in names[width:]) else names


def _unique(names: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for position, name in enumerate(names, 1):
        found[unique_name(" ".join(name.split()) or f"column_{position}", found)] = None
    return tuple(found)

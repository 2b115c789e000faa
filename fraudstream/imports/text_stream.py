"""Bytes of a text file, unpacked, in UTF-8."""

import codecs
import io
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from schemas.errors import UserError

_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_ARCHIVE = b"PK\x03\x04"
_PARQUET = b"PAR1"


def first_bytes(path: Path, size: int = 4) -> bytes:
    """Return the beginning of a file.

    Raises
    ------
    UserError
        There is no file at the path.
    """
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise UserError(f"expected a file at {path}, got: {error.strerror}. Correct its name") from None


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet, by its first bytes."""
    return first_bytes(path) == _PARQUET


class TextFile:
    """File of text, possibly compressed.

    Raises
    ------
    UserError
        The file is missing or an archive of several files, such as a workbook.
    """

    def __init__(self, path: Path) -> None:
        begin = first_bytes(path)
        if begin == _ARCHIVE:
            raise UserError(
                f"expected CSV or Parquet at {path}, got a zip archive or a workbook. Unpack it, or save it as CSV"
            )
        self.path = path
        self.size = path.stat().st_size
        self._compression = next((kind for mark, kind in _COMPRESSIONS.items() if begin.startswith(mark)), None)

    def sample(self, size: int) -> bytes:
        """Return the first bytes of the text."""
        _, stream = self._open()
        with stream:
            try:
                return bytes(stream.read(size))
            except OSError as error:
                raise self.broken(error) from None

    def utf8(self, encoding: str) -> "Utf8Stream":
        """Open the text in UTF-8; bytes that are no text in the encoding become U+FFFD."""
        file, stream = self._open()
        return Utf8Stream(file, stream, encoding)

    def _open(self) -> tuple[IO[bytes], Any]:
        file = self.path.open("rb")
        return file, pa.CompressedInputStream(
            pa.PythonFile(file, "r"), self._compression
        ) if self._compression else file

    def broken(self, error: OSError) -> UserError:
        """Return the refusal of a file that can't be read to its end."""
        return UserError(
            f"expected a whole {self._compression or 'text'} file at {self.path}, got: {error}. Copy it again"
        )


class Utf8Stream(io.RawIOBase):
    """Stream of a text in UTF-8, without a byte order mark."""

    def __init__(self, file: IO[bytes], stream: Any, encoding: str) -> None:
        self._file = file
        self._stream = stream
        # The first bytes of the codec `utf-8-sig` may be a mark; those of `utf-16` say which of the two it is.
        name = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
        self._decoder = codecs.getincrementaldecoder(name)(errors="replace")

    @property
    def position(self) -> int:
        """Number of bytes of the file that are read."""
        return 0 if self._file.closed else self._file.tell()

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none only at the end."""
        while True:
            part = bytes(self._stream.read(size))
            text = self._decoder.decode(part, final=not part)
            if text or not part:
                return text.encode("utf-8", "replace")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

"""Append-only audit files."""

import errno
import fcntl
import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson

from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.kept_json import KeptJsonError, parse_kept

Entry = TypeVar("Entry")


class DurableLines(Generic[Entry]):
    """Append-only file of JSON lines, each synced to disk.

    Parameters
    ----------
    path : Path
        File; created with its folder if missing.
    what : str
        Description of a line, for messages.
    kind : type
        Dataclass of a line.
    """

    def __init__(self, path: Path, what: str, kind: type[Entry]) -> None:
        self._path, self._what, self._kind = path, what, kind

    def add(self, entry: Mapping[str, Any]) -> None:
        """Append an object; safe across processes.

        Raises
        ------
        RuntimeFailure
            Writing failed; the file is unchanged.
        """
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
        try:
            self._add(line)
        except OSError as error:
            raise RuntimeFailure(
                f"expected to write {self._what} into {self._path}, got: {error.strerror}. The change took "
                "effect all the same. Free space or correct the permissions, and add the line by hand"
            ) from error

    def _add(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            try:
                _write_all(file, line)
                os.fsync(file.fileno())
            except OSError:
                # A partial line would corrupt the next one.
                os.ftruncate(file.fileno(), size)
                raise

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first; none without a file.

        Raises
        ------
        RuntimeFailure
            A line is invalid.
        """
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        return [self._entry(number, line) for number, line in enumerate(lines, 1)]

    def _entry(self, number: int, line: bytes) -> Entry:
        try:
            return parse_kept(line, self._kind)
        except KeptJsonError as error:
            raise RuntimeFailure(
                f"expected {self._what} in line {number} of {self._path}, got {error}. Correct the line by hand: "
                "no command changes existing lines"
            ) from None


def _write_all(file: FileIO, line: bytes) -> None:
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

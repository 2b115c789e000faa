from __future__ import annotations

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
    """A file of one JSON object a line; lines are only ever added, each on disk before it counts.

    Parameters
    ----------
    path : Path
        Made when absent, with its folder.
    what : str
        What a line is, in words.
    kind : type
        Dataclass that each line is an object of.
    """

    def __init__(self, path: Path, what: str, kind: type[Entry]) -> None:
        self._path, self._what, self._kind = path, what, kind

    def add(self, told: Mapping[str, Any]) -> None:
        """Write an object behind the others; several processes may do so.

        Raises
        ------
        RuntimeFailure
            The disk does not take it: then nothing of it is in the file.
        """
        line = orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
        try:
            self._add(line)
        except OSError as error:
            raise RuntimeFailure(
                f"expected to write {self._what} into {self._path}, got: {error.strerror}. It holds all the same: free "
                "space there, or correct its rights, and note it by hand"
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
                # Half a line would make the next one unreadable too.
                os.ftruncate(file.fileno(), size)
                raise

    def entries(self) -> list[Entry]:
        """Return all that the lines hold, the oldest first; nothing where there is no file.

        Raises
        ------
        RuntimeFailure
            A line is none of ours.
        """
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        return [self._entry(number, line) for number, line in enumerate(lines, 1)]

    def _entry(self, number: int, line: bytes) -> Entry:
        try:
            return parse_kept(line, self._kind)
        except KeptJsonError as error:
            raise RuntimeFailure(
                f"expected {self._what} in line {number} of {self._path}, got {error}. Put the line right by hand: "
                "nothing here ever changes one"
            ) from None


def _write_all(file: FileIO, line: bytes) -> None:
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

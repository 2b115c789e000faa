from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson

from runtime.host.failures import RuntimeFailure

Entry = TypeVar("Entry")


class DurableLines(Generic[Entry]):
    """A file of one JSON object a line; lines are only ever added, each on disk before it counts.

    Parameters
    ----------
    path : Path
        Made when absent, with its folder.
    what : str
        What a line is, in words.
    read : callable
        Makes it of the object; a ValueError, TypeError or KeyError says that it is none.
    """

    def __init__(self, path: Path, what: str, read: Callable[[dict[str, Any]], Entry]) -> None:
        self._path, self._what, self._read = path, what, read

    def add(self, told: Mapping[str, Any]) -> None:
        """Write an object behind the others; several processes may do so."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())

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
            return self._read(orjson.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise RuntimeFailure(
                f"expected {self._what} in line {number} of {self._path}, was: {error}: put the line right by hand, "
                "nothing here ever changes one"
            ) from None

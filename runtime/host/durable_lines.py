from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson


class DurableLines:
    """A file of one JSON object a line; lines are only ever added, each on disk before it counts.

    Parameters
    ----------
    path : Path
        Made when absent, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, told: Mapping[str, Any]) -> None:
        """Write an object behind the others; several processes may do so."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[bytes]:
        """Return all lines, the oldest first; none where there is no file."""
        return self.path.read_bytes().splitlines() if self.path.exists() else []

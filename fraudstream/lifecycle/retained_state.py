"""Retained checkpoints and savepoints, and the models that they mention."""

import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fraudstream.control.savepoints import readable_folder
from fraudstream.control.state_marks import METADATA_FILE
from fraudstream.settings.settings import Settings
from schemas.errors import UserError
from schemas.s3_path import S3Path

COMPRESSION = ("execution.checkpointing.snapshot-compression", "state.snapshot-compression")
CHECKPOINTS, SAVEPOINTS = "execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"
_TABLES = b".sst"
"""Suffix of RocksDB's files, which are compressed."""


@dataclass(frozen=True, kw_only=True)
class RetainedState:
    """Folder of a savepoint, or of all checkpoints of one job.

    Parameters
    ----------
    job_id
        Flink job id; None for a savepoint.
    taken_s
        Completion time of the newest one, seconds since 1970.
    searchable
        Whether the files are uncompressed.
    """

    folder: Path
    job_id: str | None
    taken_s: float
    searchable: bool

    def mentions(self, names: Sequence[str]) -> set[str]:
        """Return the names that occur in the files."""
        if not names:
            return set()
        pattern = re.compile(b"|".join(re.escape(name.encode()) for name in names))
        found: set[str] = set()
        for file in _files(self.folder):
            found.update(name.decode() for name in _found_in(file, pattern))
        return found


def find_states(settings: Settings, *, unread_state: bool = False) -> Iterator[RetainedState]:
    """List the savepoints and checkpoints of the settings' folders.

    Raises
    ------
    UserError
        The folders are remote, and `unread_state` is false.
    """
    own = settings.flink.config
    compressed = any(own.get(name, "false").lower() == "true" for name in COMPRESSION)
    for name, default in ((CHECKPOINTS, settings.state.checkpoints), (SAVEPOINTS, settings.state.savepoints)):
        address = own.get(name, default.as_uri())
        root = readable_folder(address)
        if root is None:
            if not unread_state:
                raise UserError(
                    f"expected retained state that can be read from here, got {address}. If only running jobs need "
                    "checkpoints or savepoints there, add --unread-state"
                )
            continue
        for folder in sorted(root.glob("*")) if root.is_dir() else []:
            found = _state(folder, of_job=name == CHECKPOINTS, compressed=compressed)
            if found is not None:
                yield found
    if SAVEPOINTS in own:  # `stop --savepoint` follows Flink's setting to S3 only
        for folder in sorted(settings.state.savepoints.glob("*")):
            found = _state(folder, of_job=False, compressed=compressed)
            if found is not None:
                yield found


def _state(folder: Path, *, of_job: bool, compressed: bool) -> RetainedState | None:
    taken_s, tables = 0.0, False
    for file in folder.rglob(METADATA_FILE):
        try:
            taken_s = max(taken_s, file.stat().st_mtime)
            tables |= _TABLES in file.read_bytes()
        except FileNotFoundError:
            continue  # a running job has a newer one by now
    if not taken_s:
        return None  # a checkpoint that was never complete
    return RetainedState(
        folder=folder, job_id=folder.name if of_job else None, taken_s=taken_s, searchable=not (compressed or tables)
    )


def _files(folder: Path) -> Iterator[Path]:
    yield from (file for file in folder.rglob("*") if file.is_file())


def _found_in(file: Path, pattern: re.Pattern[bytes]) -> set[bytes]:
    try:
        with file.open("rb") as opened:
            if not file.stat().st_size:
                return set()
            if isinstance(file, S3Path):
                return set(pattern.findall(opened.read()))
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return set(pattern.findall(content))
    except FileNotFoundError:
        return set()  # a running job has a newer checkpoint by now, and its shards report their models

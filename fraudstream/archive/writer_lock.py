"""Exclusion of a second writer of an archive."""

import fcntl
from hashlib import sha256
from pathlib import Path

from fraudstream.system.folders import cache_folder
from schemas.errors import UserError
from schemas.s3_path import S3Path

LOCK_FILE = "_archive.lock"


class WriterLock:
    """Lock of the process that writes an archive.

    An archive in S3, which has no locks, is locked for the processes of this machine and user.

    Raises
    ------
    UserError
        Another process holds it.
    """

    def __init__(self, root: Path) -> None:
        # Held as long as the object: opening by a `with` would let it go.
        self._file = _lock_file(root).open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise UserError(
                f"expected no other archive writing to {root}, but one is: stop it, or choose another --out"
            ) from None

    def release(self) -> None:
        """Let another process write."""
        self._file.close()


def _lock_file(root: Path) -> Path:
    if not isinstance(root, S3Path):
        return root / LOCK_FILE
    folder = cache_folder() / "archives"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{sha256(str(root).encode()).hexdigest()}.lock"

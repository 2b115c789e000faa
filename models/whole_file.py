"""Atomic replacement of files."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.s3_path import S3Path


@contextmanager
def whole_file(path: Path, *, partial: Path | None = None, synced: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write to; it replaces the file when the block succeeds.

    A full disk, a failure or Ctrl-C in the block leaves the previous file unchanged. The temporary file is always
    local: an object in S3 is replaced by one upload, which is atomic there.

    Parameters
    ----------
    path
        Target file; its folder is created if missing.
    partial
        Temporary file; by default next to the target, and in the system's temporary folder for S3.
    synced
        Whether the content is on disk before it replaces the file, so that a power failure leaves one of the two.
    """
    if isinstance(path, S3Path):
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / path.name
            yield local
            path.upload(local)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    partial = partial or path.with_name(f"{path.name}.partial")
    try:
        yield partial
        if synced:
            sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes, *, synced: bool = False) -> None:
    """Write a file through `whole_file`."""
    with whole_file(path, synced=synced) as partial:
        partial.write_bytes(content)


def sync(path: Path) -> None:
    """Write a file, or the names in a folder, through to the disk; what is in S3 is durable when it is written."""
    if isinstance(path, S3Path):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

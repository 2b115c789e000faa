"""Path of an object or a folder in S3."""

import errno
import io
import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PosixPath, PurePath, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from schemas.errors import UserError
from schemas.s3_error import s3_error

if TYPE_CHECKING:
    from pyarrow import NativeFile
    from pyarrow.fs import FileInfo, FileSelector, S3FileSystem

SCHEME = "s3:"
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
ATTEMPTS = 10
"""Requests to a store that does not answer, with growing pauses: together 26 seconds."""

CHUNK_BYTES = 8 << 20
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class S3Path(PosixPath):
    """Path of the form s3://BUCKET/KEY, with the methods of a local path that our commands call.

    A folder is what keys have in common up to a slash: it needs no making, and disappears with its last object. An
    object appears whole, under its name, when it is written. Credentials and region come from AWS's usual chain
    (variables, files in ~/.aws, the role of the machine), the address of another store from AWS_ENDPOINT_URL.

    Raises
    ------
    FileNotFoundError
        By the methods that read: there is no such object.
    S3Error
        By all methods: the store does not answer or refuses. It is a UserError.
    """

    def __str__(self) -> str:
        return f"s3://{self.key}"

    __fspath__ = __str__

    @property
    def key(self) -> str:
        """BUCKET/KEY, as pyarrow names it."""
        return "/".join(self.parts[1:])

    def open(self, mode: str = "r", *_: Any, **options: Any) -> IO[Any]:  # type: ignore[override]
        """Open an object for reading, as text or bytes."""
        if mode not in {"r", "rt", "rb"}:
            raise io.UnsupportedOperation(f"expected to read {self}, got mode {mode!r}: write it whole, by write_bytes")
        reader = io.BufferedReader(_Reader(self), CHUNK_BYTES)
        return reader if mode == "rb" else io.TextIOWrapper(reader, **options)

    def arrow_file(self) -> "NativeFile":
        """Open an object for pyarrow, which reads parts of it at the same time."""
        with self.answering("read"):
            return file_system().open_input_file(self.key)

    def write_bytes(self, data: Any) -> int:
        """Replace an object; readers see the old or the new one, whole."""
        return self._put(io.BytesIO(data))

    def write_text(
        self, data: str, encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> int:
        """Replace an object by text, in UTF-8."""
        del newline
        return self.write_bytes(data.encode(encoding or "utf-8", errors or "strict"))

    def upload(self, file: Path) -> int:
        """Replace an object by the content of a local file."""
        with file.open("rb") as content:
            return self._put(content)

    def unlink(self, missing_ok: bool = False) -> None:
        """Delete an object."""
        try:
            with self.answering("delete"):
                file_system().delete_file(self.key)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def remove_tree(self) -> None:
        """Delete a folder with all that is in it."""
        with self.answering("delete"):
            file_system().delete_dir(self.key)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return kind, size and time of change."""
        del follow_symlinks
        found = self._info()
        if found.type.name == "NotFound":
            raise self._missing()
        kind = stat.S_IFDIR if found.type.name == "Directory" else stat.S_IFREG
        changed = found.mtime_ns / 1e9 if found.mtime_ns is not None else 0.0
        return os.stat_result((kind | 0o644, 0, 0, 1, 0, 0, found.size or 0, changed, changed, changed))

    def exists(self) -> bool:
        """Return whether there is an object, or a folder with one."""
        return self._kind() != "NotFound"

    def is_file(self) -> bool:
        """Return whether there is an object."""
        return self._kind() == "File"

    def is_dir(self) -> bool:
        """Return whether there is a folder."""
        return self._kind() == "Directory"

    def is_symlink(self) -> bool:
        """Return False."""
        return False

    def iterdir(self) -> Generator[Self, None, None]:
        """List the objects and folders in a folder."""
        yield from [self / name for name in self._names(recursive=False)]

    def glob(self, pattern: str) -> Generator[Self, None, None]:
        """List what fits a pattern without `**`; nothing where there is no folder."""
        steps = PurePosixPath(pattern).parts
        try:
            names = [PurePosixPath(name) for name in self._names(recursive=len(steps) > 1)]
        except FileNotFoundError:
            names = []
        yield from [self / name for name in names if _fits(name, steps)]

    def rglob(self, pattern: str) -> Generator[Self, None, None]:
        """List what fits a pattern, in the folders below too."""
        try:
            names = [PurePosixPath(name) for name in self._names(recursive=True)]
        except FileNotFoundError:
            names = []
        yield from [self / name for name in names if name.match(pattern)]

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a folder needs no making."""

    def chmod(self, mode: int, *, follow_symlinks: bool = True) -> None:
        """Do nothing: rights are the bucket's."""

    def is_absolute(self) -> bool:
        """Return True."""
        return True

    def absolute(self) -> Self:
        """Return the path."""
        return self

    def resolve(self, strict: bool = False) -> Self:
        """Return the path."""
        del strict
        return self

    def relative_to(self, *other: str | os.PathLike[str]) -> PurePosixPath:  # type: ignore[override]
        """Return the end of the path, below another one."""
        return PurePosixPath(*self.parts).relative_to(*as_path(os.fspath(PurePath(*other))).parts)

    def as_uri(self) -> str:
        """Return the address."""
        return str(self)

    @contextmanager
    def answering(self, doing: str) -> Iterator[None]:
        """Turn what pyarrow raises within a block into FileNotFoundError or S3Error.

        Parameters
        ----------
        doing
            Verb of the message, for example read.
        """
        try:
            yield
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise s3_error(error, str(self), doing) or error from None

    def _kind(self) -> str:
        return str(self._info().type.name)

    def _info(self) -> "FileInfo":
        with self.answering("read"):
            return file_system().get_file_info(self.key)

    def _names(self, *, recursive: bool) -> list[str]:
        with self.answering("list"):
            found = file_system().get_file_info(_selector(self.key, recursive=recursive))
        return sorted(info.path[len(self.key) + 1 :] for info in found)

    def _put(self, content: IO[bytes]) -> int:
        size = 0
        with self.answering("write"), file_system().open_output_stream(self.key) as output:
            while chunk := content.read(CHUNK_BYTES):
                size += output.write(chunk)
        return size

    def _missing(self) -> FileNotFoundError:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self))


class _Reader(io.RawIOBase):
    """Bytes of an object."""

    def __init__(self, path: S3Path) -> None:
        self._path = path
        self._file = path.arrow_file()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        with self._path.answering("read"):
            return int(self._file.readinto(target))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def as_path(text: str | Path) -> Path:
    """Return the path that a text names: an S3Path for s3://BUCKET/KEY, else a local path.

    Raises
    ------
    UserError
        It is the address of another kind of store, or names no bucket.
    """
    if isinstance(text, S3Path):
        return text
    if PurePath(text).parts[:1] == (SCHEME,):
        path = S3Path(text)
        if not path.key:
            raise UserError("expected s3://BUCKET/KEY, got no bucket. Name one")
        return path
    if isinstance(text, str) and _OTHER_SCHEME.match(text):
        raise UserError(f"expected a local path or s3://BUCKET/KEY, got {text}. Give one of them")
    return Path(text)


def arrow_source(path: Path) -> "Path | NativeFile":
    """Return what pyarrow's readers take for a path."""
    return path.arrow_file() if isinstance(path, S3Path) else path


def reading(path: Path) -> AbstractContextManager[None]:
    """Turn refusals of S3 within a block into S3Error, see `S3Path.answering`; leave a local path's errors."""
    return path.answering("read") if isinstance(path, S3Path) else nullcontext()


def file_system() -> "S3FileSystem":
    """Return pyarrow's S3, by AWS's variables; the same one for the same address."""
    return _file_system(next(filter(None, map(os.environ.get, ENDPOINT_VARIABLES)), ""))


@lru_cache
def _file_system(endpoint: str) -> "S3FileSystem":
    from pyarrow.fs import AwsDefaultS3RetryStrategy, S3FileSystem  # noqa: PLC0415  (only where a path is in S3)

    address = urlsplit(endpoint)
    own = {"endpoint_override": address.netloc, "scheme": address.scheme} if endpoint else {}
    return S3FileSystem(retry_strategy=AwsDefaultS3RetryStrategy(max_attempts=ATTEMPTS), **own)


def _selector(key: str, *, recursive: bool) -> "FileSelector":
    from pyarrow.fs import FileSelector  # noqa: PLC0415

    return FileSelector(key, recursive=recursive)


def _fits(name: PurePosixPath, steps: tuple[str, ...]) -> bool:
    return len(name.parts) == len(steps) and all(map(fnmatchcase, name.parts, steps))

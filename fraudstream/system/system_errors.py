"""Messages for operating system errors: unreadable files, full disks."""

import errno
import os

from fraudstream.system.failures import RuntimeFailure
from schemas.errors import UserError
from schemas.s3_error import s3_error

_OTHER_KIND = "Name a folder where one is needed, and a file where a file is"
_RIGHTS = "Let this user read and write it, or name another"
_MISTAKES = {
    errno.ENOENT: "Correct the path",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: "Name another folder",
    errno.ENOTDIR: _OTHER_KIND,
    errno.EISDIR: _OTHER_KIND,
    errno.EEXIST: _OTHER_KIND,
    errno.ENAMETOOLONG: "Give a shorter name",
}
_FAILURES = {
    errno.ENOSPC: "Free space there, then run the command again",
    errno.EDQUOT: "Free space there, then run the command again",
    errno.EMFILE: "Raise the limit of open files (`ulimit -n`)",
    errno.ENOMEM: "Free memory, then run the command again",
}


def in_words(error: OSError) -> UserError | RuntimeFailure:
    """Return the exception to raise for an unexpected system error: a wrong path, or a failure.

    Expected errors are handled where they occur.
    """
    of_store = s3_error(error)
    if of_store is not None:
        return of_store
    number = error.errno or 0
    got = error.strerror or str(error) or type(error).__name__
    path = _path(error)
    expected = f"expected to use {path}" if path else "expected the operating system to succeed"
    if number in _MISTAKES:
        return UserError(f"{expected}, got: {got}. {_MISTAKES[number]}")
    return RuntimeFailure(f"{expected}, got: {got}. {_FAILURES.get(number, 'See the logs, then run it again')}")


def _path(error: OSError) -> str:
    names = [name for name in (error.filename, error.filename2) if name is not None]
    return " and ".join(
        ascii(os.fsdecode(name))[1:-1] if isinstance(name, str | bytes) else str(name) for name in names
    )

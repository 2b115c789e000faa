"""Exceptions for failures that are not user errors."""

from pathlib import Path

from schemas.errors import UserError

LOG_TAIL_LINES = 15


class RuntimeFailure(Exception):  # noqa: N818 (a failure of the machinery, apart from a user's mistake)
    """Failure of a service or tool that was run; the message names it and its log."""

    exit_code = 1


class NotReady(UserError):  # noqa: N818 (read as a state: `raise NotReady`)
    """Missing prerequisite of a command; the message says how to provide it."""

    exit_code = 3


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last lines of a log, or a note that it does not exist."""
    if not log.exists():
        return f"(no log at {log})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])

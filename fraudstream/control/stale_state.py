"""Checkpoints so old that the brokers have aborted the output that they hold."""

from datetime import UTC, datetime
from pathlib import Path

from fraudstream.control.savepoints import readable_folder
from fraudstream.control.state_marks import METADATA_FILE
from jobs.job_config import JobConfig
from schemas.errors import UserError

ACCEPT_LOSS = "--accept-loss"


def require_committable(state: str, config: JobConfig, now_ms: int) -> None:
    """Refuse a checkpoint that is older than the transactions which hold its output.

    A savepoint of a job that was stopped has no open output: the stop commits it. Neither has a checkpoint that another
    followed: its job had committed its output by then. A checkpoint elsewhere than on this
    machine does not show its age; `LateRecovery` then reports it once the job runs.

    Parameters
    ----------
    state
        Folder or URI of the checkpoint or savepoint.
    config
        The job to start.
    now_ms
        Milliseconds since 1970.

    Raises
    ------
    UserError
        Its output may be lost.
    """
    safe_ms, folder = config.safe_outage_ms, readable_folder(state)
    if safe_ms is None or folder is None or not _is_newest(folder):
        return
    try:
        taken_ms = round((folder / METADATA_FILE).stat().st_mtime * 1000)
    except OSError:
        return  # reported where it is read
    if now_ms - taken_ms > safe_ms:
        taken = datetime.fromtimestamp(taken_ms / 1000, UTC)
        raise UserError(
            f"expected a checkpoint of the last {safe_ms / 1000:.0f} s under exactly-once, got one of "
            f"{taken:%Y-%m-%d %H:%M:%S} UTC, {(now_ms - taken_ms) / 1000:,.0f} s ago: the brokers have aborted the "
            "transactions that it was to commit, so scores and alerts made just before it may be missing for good. "
            "Start from the checkpoint before it (chk-N next to it), which makes them again, or accept the loss with "
            f"{ACCEPT_LOSS} (docs/guarantees.md)"
        )


def _is_newest(folder: Path) -> bool:
    """Return whether a folder is a checkpoint's, and none that is complete followed it."""
    number = _number(folder)
    if number is None or not folder.parent.is_dir():
        return False
    followed = (other for other in folder.parent.iterdir() if (_number(other) or 0) > number)
    return not any((other / METADATA_FILE).is_file() for other in followed)


def _number(folder: Path) -> int | None:
    prefix, _, number = folder.name.partition("-")
    return int(number) if prefix == "chk" and number.isdecimal() else None

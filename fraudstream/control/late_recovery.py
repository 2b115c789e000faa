"""Recoveries that came so late that the brokers may have aborted what the last checkpoint had written."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fraudstream.control.savepoints import readable_folder
from fraudstream.control.state_marks import METADATA_FILE
from fraudstream.devstack.flink_rest import FlinkRest

SAFE_OUTAGE = "fraudstream.safe_outage_ms"
"""The job parameter of an exactly-once job: after so long, in milliseconds, its transactions may be aborted."""


@dataclass(frozen=True, kw_only=True)
class LateRecovery:
    """One recovery after an outage that was too long for exactly-once output.

    Parameters
    ----------
    checkpoint
        Flink's number of the checkpoint that the job went on from.
    taken_ms, restored_ms
        When it was complete, and when the job went on from it, milliseconds since 1970.
    safe_ms
        Longest outage without loss.
    """

    checkpoint: int
    taken_ms: int
    restored_ms: int
    safe_ms: int

    def __str__(self) -> str:
        taken = datetime.fromtimestamp(self.taken_ms / 1000, UTC)
        return (
            f"expected to recover within {self.safe_ms / 1000:.0f} s of checkpoint {self.checkpoint}, got "
            f"{(self.restored_ms - self.taken_ms) / 1000:.0f} s: the brokers may have aborted its output, so scores "
            f"and alerts made just before {taken:%Y-%m-%d %H:%M:%S} UTC may be missing. Score again from the savepoint "
            "or checkpoint before it (docs/runbook.md)."
        )


def late_recovery(rest: FlinkRest, job_id: str) -> LateRecovery | None:
    """Return the last recovery of a job if it was too late, None otherwise and where it can't be known.

    Raises
    ------
    NotReady, RuntimeFailure
        The cluster does not answer, or does not know the job.
    """
    safe = rest.job_parameters(job_id).get(SAFE_OUTAGE)
    if safe is None:
        return None
    # Flink chooses the checkpoint at once, and then waits for slots: only what was deployed commits.
    deployed_ms = max((int(vertex["start-time"]) for vertex in rest.job(job_id)["vertices"]), default=0)
    return _late(rest.checkpoints(job_id), int(safe), deployed_ms)


def _late(checkpoints: dict[str, Any], safe_ms: int, deployed_ms: int) -> LateRecovery | None:
    restored = (checkpoints.get("latest") or {}).get("restored")
    if not restored or restored.get("is_savepoint"):
        return None  # a stop with a savepoint has committed all before it ended
    taken_ms = _taken_ms(checkpoints, restored)
    restored_ms = max(int(restored["restore_timestamp"]), deployed_ms)
    if taken_ms is None or restored_ms - taken_ms <= safe_ms:
        return None
    return LateRecovery(checkpoint=int(restored["id"]), taken_ms=taken_ms, restored_ms=restored_ms, safe_ms=safe_ms)


def _taken_ms(checkpoints: dict[str, Any], restored: dict[str, Any]) -> int | None:
    """Return when the restored checkpoint was complete: a JobManager that died has lost its list of them."""
    for checkpoint in checkpoints.get("history") or []:
        if checkpoint["id"] == restored["id"] and checkpoint.get("latest_ack_timestamp"):
            return int(checkpoint["latest_ack_timestamp"])
    folder = readable_folder(restored.get("external_path") or "elsewhere://")
    try:
        return None if folder is None else round((folder / METADATA_FILE).stat().st_mtime * 1000)
    except OSError:
        return None

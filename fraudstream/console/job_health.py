"""Health of the job, its checkpoints and the cluster."""

from typing import Any

from fraudstream.control.running_job import scoring_jobs
from fraudstream.observe.metrics.job_probe import JobProbe
from fraudstream.system.failures import NotReady, RuntimeFailure

SHOWN_CHECKPOINTS = 30


class JobHealth:
    """Health of the job, its checkpoints and the cluster, by Flink's REST interface and the broker."""

    def __init__(self, probe: JobProbe) -> None:
        self._probe, self._rest = probe, probe.rest

    def read(self) -> dict[str, Any]:
        """Return `cluster`, None where none answers, and `jobs`, the running ones first."""
        try:
            overview = self._rest.overview()
            jobs = [self._job(job) for job in scoring_jobs(self._rest)]
        except (NotReady, RuntimeFailure) as error:
            return {"cluster": None, "why": str(error), "jobs": []}
        cluster = {
            "taskmanagers": overview["taskmanagers"],
            "slots_free": overview["slots-available"],
            "slots": overview["slots-total"],
        }
        return {"cluster": cluster, "why": "", "jobs": jobs}

    def _job(self, job: dict[str, Any]) -> dict[str, Any]:
        job_id, running = job["jid"], job["state"] == "RUNNING"
        checkpoints = self._rest.checkpoints(job_id)
        topics = self._probe.input_topics(job_id) if running else {}
        return {
            "id": job_id,
            "name": job["name"],
            "state": job["state"],
            "started_ms": job["start-time"],
            "restarts": self._rest.restarts(job_id) if running else 0,
            "lag": self._probe.lag_of(job["name"]) if running else None,
            "last_failure": self._rest.last_failure(job_id),
            "recreated_topics": [text for text in topics.values() if text],
            "checkpoints": {
                "completed": checkpoints["counts"]["completed"],
                "failed": checkpoints["counts"]["failed"],
                "history": [_checkpoint(row) for row in checkpoints["history"][:SHOWN_CHECKPOINTS]],
            },
        }


def _checkpoint(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "status": row["status"],
        "at_ms": row["trigger_timestamp"],
        "took_ms": max(0, row["end_to_end_duration"]),
        "bytes": row["state_size"],
        "is_savepoint": row["is_savepoint"],
    }

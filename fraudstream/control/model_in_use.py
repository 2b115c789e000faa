"""Model folders that a running job reads by their path, as jobs did before they were given a copy."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fraudstream.control.bluegreen import ALIVE
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.run_state import RunState
from jobs.job_config import JobConfig
from schemas.errors import UserError
from schemas.s3_path import as_path

CONFIG = "fraudstream.config"
"""The job parameter that names the file with a job's settings."""


@dataclass(frozen=True, kw_only=True)
class LiveJob:
    """A scoring job that has not ended.

    Parameters
    ----------
    job_id
        Flink's id of it.
    file
        Its settings; None where it does not name them.
    config
        Contents of the file; None where it can't be read from here.
    """

    job_id: str
    file: Path | None
    config: dict[str, Any] | None


def live_jobs(rest: FlinkRest) -> list[LiveJob]:
    """List the scoring jobs of a cluster that have not ended, of any version.

    Raises
    ------
    NotReady, RuntimeFailure
        The cluster does not answer.
    """
    found = []
    for job in rest.jobs():
        if job["state"] in ALIVE and job["name"].startswith(JobConfig.name):
            name = rest.job_parameters(job["jid"]).get(CONFIG)
            file = None if name is None else Path(name)
            found.append(LiveJob(job_id=job["jid"], file=file, config=None if file is None else _read(file)))
    return found


def require_not_read(settings: Settings, folder: Path) -> None:
    """Refuse to write into a folder that a running job would read again at its next restart.

    Jobs are given a copy of their model when they are submitted; those of earlier versions read the folder itself.
    Where the cluster is known and does not answer, the settings of all jobs that were submitted here count: it may
    come back, and they with it.

    Raises
    ------
    UserError
        A job uses the model.
    """
    rest_url = settings.flink.rest_url or RunState.load(settings.state).rest_url
    if rest_url is None:
        return
    try:
        jobs, where = live_jobs(FlinkRest(url=rest_url)), "a running job"
    except (NotReady, RuntimeFailure):
        files = sorted(settings.state.jobs.glob("*.json"))
        jobs = [LiveJob(job_id=file.stem, file=file, config=_read(file)) for file in files]
        where = f"a job of the cluster at {rest_url}, which does not answer,"
    for job in jobs:
        if job.config is not None and not job.config.get("model_sha256") and _is(job.config.get("model"), folder):
            raise UserError(
                f"expected a folder that no job reads, got {folder}, which {where} reads by its path ({job.job_id}, "
                "of an earlier version): its next restart would score with the new model, untested. Train into another "
                "folder with --out; or stop the job with a savepoint and submit it again, which gives it a copy"
            )


def _is(model: object, folder: Path) -> bool:
    return isinstance(model, str) and as_path(model).resolve() == folder.expanduser().resolve()


def _read(file: Path) -> dict[str, Any] | None:
    try:
        parsed = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None

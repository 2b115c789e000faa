"""Search for a running scoring job."""

from typing import Any

from fraudstream.control.bluegreen import ALIVE
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import find_services
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady, RuntimeFailure
from jobs.job_config import JobConfig


def scoring_jobs(rest: FlinkRest) -> list[dict[str, Any]]:
    """List a cluster's scoring jobs as `FlinkRest.jobs` does, ended ones too."""
    return [job for job in rest.jobs() if job["name"].startswith(JobConfig.name)]


def job_runs(settings: Settings) -> bool:
    """Return whether the cluster of the settings, or ours, has a scoring job; False where none answers."""
    try:
        jobs = scoring_jobs(FlinkRest(url=find_services(settings).rest_url))
    except (NotReady, RuntimeFailure):
        return False
    return any(job["state"] in ALIVE for job in jobs)

from __future__ import annotations

from jobs.job_config import JobConfig
from runtime.configuration.settings import Settings
from runtime.host.failures import NotReady, RuntimeFailure
from runtime.job_control.bluegreen import ALIVE
from runtime.local.embedded import find_services
from runtime.local.flink_rest import FlinkRest


def job_runs(settings: Settings) -> bool:
    """Say whether the cluster of the settings, or ours, has a scoring job; False also where none can be asked."""
    try:
        jobs = FlinkRest(url=find_services(settings).rest_url).jobs()
    except (NotReady, RuntimeFailure):
        return False
    return any(job["name"].startswith(JobConfig.name) and job["state"] in ALIVE for job in jobs)

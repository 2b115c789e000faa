from typing import Any

from jobs.job_config import JobConfig


def job_config(**changes: Any) -> JobConfig:
    """Return settings that the job can work with, changed where a test wants it."""
    return JobConfig(
        **{
            "bootstrap_servers": "broker:9092",
            "model": "/models/fraud",
            "checkpoint_dir": "file:///checkpoints",
            **changes,
        }
    )

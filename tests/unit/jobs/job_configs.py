"""Job settings for tests."""

from typing import Any

from jobs.job_config import JobConfig


def job_config(**changes: Any) -> JobConfig:
    """Return valid job settings with some changed."""
    return JobConfig(
        **{
            "bootstrap_servers": "broker:9092",
            "model": "/models/fraud",
            "checkpoint_dir": "file:///checkpoints",
            **changes,
        }
    )

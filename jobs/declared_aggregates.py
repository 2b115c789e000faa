"""Declared features that a job computes."""

from jobs.job_config import JobConfig
from models.declared.declared_features import DeclaredFeatures, declared_features


def declared_aggregates(config: JobConfig) -> DeclaredFeatures | None:
    """Return the features that the job's declaration declares, ready for batches; None without any."""
    declaration = config.declared
    return declared_features(declaration) if declaration is not None and declaration.raw_features else None

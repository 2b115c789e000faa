"""The memory budget outside the JVM is a setting that reaches the job."""

import pytest

from fraudstream.settings.job_settings import JobSettings
from jobs.job_config import JobConfig


def test_default_budget_is_that_of_the_job():
    assert JobSettings().pool_customers == JobConfig.pool_customers == 100_000


@pytest.mark.parametrize("count", [0, -1])
def test_empty_pool_is_refused(count):
    with pytest.raises(ValueError, match="pool_customers"):
        JobSettings(pool_customers=count)

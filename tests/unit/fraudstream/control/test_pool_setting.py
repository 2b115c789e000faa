"""The budget of memory outside the JVM is a setting, and reaches the job."""

import pytest

from fraudstream.settings.settings import JobSettings
from jobs.job_config import JobConfig


def test_the_budget_is_the_jobs_own_default():
    assert JobSettings().pool_customers == JobConfig.pool_customers == 100_000


@pytest.mark.parametrize("count", [0, -1])
def test_a_pool_of_nobody_is_refused(count):
    with pytest.raises(ValueError, match="pool_customers"):
        JobSettings(pool_customers=count)

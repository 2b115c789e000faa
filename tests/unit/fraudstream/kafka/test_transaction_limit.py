"""Transaction timeout that the job needs."""

import pytest

from fraudstream.kafka.transaction_limit import RECOVERY_MS, require_limit
from fraudstream.settings.job_settings import JobSettings
from schemas.errors import UserError

NEED_MS = 9 * 60_000 + RECOVERY_MS
"""Need of the default settings: 8 tolerated failures and one checkpoint of 60 s each, and a recovery."""


def test_brokers_must_allow_the_longest_run_of_failed_checkpoints_and_a_recovery():
    require_limit(JobSettings(guarantee="exactly-once"), NEED_MS)
    with pytest.raises(UserError, match=rf"at least {NEED_MS} under exactly-once, got {NEED_MS - 1}: 8 tolerated"):
        require_limit(JobSettings(guarantee="exactly-once"), NEED_MS - 1)


def test_fewer_tolerated_failures_need_less():
    require_limit(JobSettings(guarantee="exactly-once", tolerated_checkpoint_failures=0), 60_000 + RECOVERY_MS)


def test_configured_timeout_is_checked_against_the_limit_only():
    job = JobSettings(guarantee="exactly-once", transaction_timeout_s=NEED_MS / 1000 - 1)
    require_limit(job, NEED_MS - 1_000)
    with pytest.raises(UserError, match=r"job.transaction_timeout_s of at most 598"):
        require_limit(job, 598_000)

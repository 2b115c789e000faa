"""Checkpoints that are older than the transactions of their output."""

import os
from dataclasses import replace

import pytest

from fraudstream.control.stale_state import require_committable
from schemas.errors import UserError
from tests.unit.jobs.job_configs import job_config

TAKEN_MS = 1_770_000_000_000
EXACTLY_ONCE = job_config(guarantee="exactly-once", transaction_timeout_ms=900_000)
SAFE_MS = 895_000


@pytest.fixture
def state(tmp_path):
    def state(name):
        (tmp_path / name).mkdir()
        (tmp_path / name / "_metadata").write_bytes(b"")
        os.utime(tmp_path / name / "_metadata", (TAKEN_MS / 1000, TAKEN_MS / 1000))
        return (tmp_path / name).as_uri()

    return state


def test_checkpoint_with_aborted_transactions_is_refused(state):
    with pytest.raises(UserError, match=r"of the last 895 s under exactly-once, got one of 2026-02-02 .*--accept"):
        require_committable(state("chk-7"), EXACTLY_ONCE, TAKEN_MS + SAFE_MS + 1_000)


def test_checkpoint_with_a_later_one_has_its_output_committed(state):
    older = state("chk-9")
    state("chk-10")
    require_committable(older, EXACTLY_ONCE, TAKEN_MS + 100 * SAFE_MS)
    with pytest.raises(UserError):
        require_committable(older.replace("chk-9", "chk-10"), EXACTLY_ONCE, TAKEN_MS + 100 * SAFE_MS)


def test_recent_checkpoint_is_accepted(state):
    require_committable(state("chk-7"), EXACTLY_ONCE, TAKEN_MS + SAFE_MS)


def test_savepoint_of_any_age_is_accepted_since_a_stop_commits_all_output(state):
    require_committable(state("savepoint-1a2b3c-0123"), EXACTLY_ONCE, TAKEN_MS + 100 * SAFE_MS)


def test_checkpoint_of_any_age_is_accepted_under_at_least_once(state):
    config = replace(EXACTLY_ONCE, guarantee="at-least-once")
    require_committable(state("chk-7"), config, TAKEN_MS + 100 * SAFE_MS)


@pytest.mark.parametrize("location", ["hdfs://bucket/chk-7", "/absent/chk-7"])
def test_checkpoint_of_unknown_age_is_not_checked(location):
    require_committable(location, EXACTLY_ONCE, TAKEN_MS)

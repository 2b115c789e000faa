"""Triggers of retrainings."""

from datetime import UTC, datetime, timedelta

import pytest

from fraudstream.lifecycle.retrain_schedule import HOUR_S, RetrainSchedule
from fraudstream.settings.settings import RetrainSettings, load_settings
from fraudstream.system.failures import RuntimeFailure
from schemas.errors import UserError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_S = 1_800_000_000.0


def plan(**changes) -> RetrainSettings:
    return RetrainSettings(**{"window_days": 20, "collect_days": 10, "cool_down_hours": 6, **changes})


@pytest.fixture
def schedule(tmp_path):
    """Return a function that opens the schedule of a state file, as each start of the trigger does."""
    return lambda **changes: RetrainSchedule(plan(**changes), tmp_path / "state" / "schedule.json", NOW_S)


def matured(days: float) -> int:
    return round((NOON + timedelta(days=days)).timestamp() * 1000)


def test_drift_triggers_once_the_following_labels_are_mature(schedule):
    opened = schedule()
    assert opened.due(NOW_S, matured(30)) is None
    assert opened.drifted("error", "Page-Hinkley", NOON)
    assert opened.waiting_for == NOON + timedelta(days=10)
    assert opened.due(NOW_S, matured(9.9)) is None
    assert opened.due(NOW_S, matured(10)) == "Page-Hinkley saw error drift at 2026-03-01 12:00 UTC"


def test_first_of_several_drifts_counts_and_one_retraining_answers_all_it_covers(schedule):
    opened = schedule(cool_down_hours=0)
    for days in (3, 0, 1):
        opened.drifted("error", "PSI", NOON + timedelta(days=days))
    assert opened.due(NOW_S, matured(10)) is not None
    opened.begun(NOW_S)
    opened.learned(NOON + timedelta(days=10))
    assert opened.due(NOW_S, matured(60)) is None
    assert not opened.drifted("error", "PSI", NOON + timedelta(days=10))
    assert opened.drifted("error", "PSI", NOON + timedelta(days=10, seconds=1))


def test_clock_that_steps_back_does_not_extend_the_cool_down(schedule):
    opened = schedule()
    opened.begun(NOW_S)
    opened.drifted("error", "PSI", NOON)
    set_back_s = NOW_S - HOUR_S
    assert opened.due(set_back_s, matured(10)) is None
    assert opened.due(set_back_s + 6 * HOUR_S, matured(10)) is not None
    assert schedule(cool_down_hours=0).due(set_back_s - HOUR_S, matured(10)) is not None


def test_drift_of_an_unlisted_signal_is_ignored(schedule):
    opened = schedule(signals=("error",))
    assert not opened.drifted("amount", "PSI", NOON)
    assert opened.due(NOW_S, matured(60)) is None


def test_failed_retraining_is_repeated_only_after_the_cool_down(schedule):
    opened = schedule()
    opened.drifted("error", "PSI", NOON)
    opened.begun(NOW_S)
    assert opened.due(NOW_S + 6 * HOUR_S - 1, matured(60)) is None
    assert opened.due(NOW_S + 6 * HOUR_S, matured(60)) is not None


def test_interval_alone_triggers_and_counts_from_the_first_start(schedule):
    opened = schedule(every_days=7)
    assert opened.due(NOW_S + 7 * 24 * HOUR_S - 1, -1) is None
    assert opened.due(NOW_S + 7 * 24 * HOUR_S, -1) == "every 7 days"
    opened.begun(NOW_S + 7 * 24 * HOUR_S)
    assert opened.due(NOW_S + 8 * 24 * HOUR_S, -1) is None
    assert opened.due(NOW_S + 14 * 24 * HOUR_S, -1) == "every 7 days"


def test_restart_keeps_the_drift_and_the_cool_down(schedule):
    before = schedule()
    before.drifted("error", "PSI", NOON)
    assert schedule().due(NOW_S, matured(10)) is not None
    before.begun(NOW_S)
    assert schedule().due(NOW_S, matured(10)) is None
    assert schedule().state == before.state


def test_unreadable_state_is_reported(tmp_path):
    (tmp_path / "schedule.json").write_text('{"other": 1}')
    with pytest.raises(RuntimeFailure, match="Remove the file"):
        RetrainSchedule(plan(), tmp_path / "schedule.json", NOW_S)


def test_plan_with_a_window_that_excludes_the_drift_is_refused():
    with pytest.raises(UserError, match=r"above a quarter of window_days \(10\)"):
        load_settings(retrain={"window_days": 40, "collect_days": 10})

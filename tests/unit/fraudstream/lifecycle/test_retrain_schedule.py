from datetime import UTC, datetime, timedelta

import pytest

from fraudstream.lifecycle.retrain_schedule import HOUR_S, RetrainSchedule
from fraudstream.settings.settings import RetrainSettings, SettingsError, load_settings
from fraudstream.system.failures import RuntimeFailure

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_S = 1_800_000_000.0


def plan(**changes) -> RetrainSettings:
    return RetrainSettings(**{"window_days": 20, "collect_days": 10, "cool_down_hours": 6, **changes})


@pytest.fixture
def schedule(tmp_path):
    """Return the function that opens the schedule of a state file, as a start of the trigger does."""
    return lambda **changes: RetrainSchedule(plan(**changes), tmp_path / "state" / "schedule.json", NOW_S)


def matured(days: float) -> int:
    return round((NOON + timedelta(days=days)).timestamp() * 1000)


def test_drift_is_answered_once_what_followed_it_is_mature(schedule):
    own = schedule()
    assert own.due(NOW_S, matured(30)) is None
    assert own.drifted("error", "Page-Hinkley", NOON)
    assert own.waiting_for == NOON + timedelta(days=10)
    assert own.due(NOW_S, matured(9.9)) is None
    assert own.due(NOW_S, matured(10)) == "Page-Hinkley saw error drift at 2026-03-01 12:00 UTC"


def test_first_of_several_drifts_counts_and_one_retraining_answers_all_that_it_learned_from(schedule):
    own = schedule(cool_down_hours=0)
    for days in (3, 0, 1):
        own.drifted("error", "PSI", NOON + timedelta(days=days))
    assert own.due(NOW_S, matured(10)) is not None
    own.begun(NOW_S)
    own.learned(NOON + timedelta(days=10))
    assert own.due(NOW_S, matured(60)) is None
    assert not own.drifted("error", "PSI", NOON + timedelta(days=10))
    assert own.drifted("error", "PSI", NOON + timedelta(days=10, seconds=1))


def test_clock_that_steps_back_makes_the_cool_down_no_longer_than_it_is(schedule):
    own = schedule()
    own.begun(NOW_S)
    own.drifted("error", "PSI", NOON)
    set_back_s = NOW_S - HOUR_S
    assert own.due(set_back_s, matured(10)) is None
    assert own.due(set_back_s + 6 * HOUR_S, matured(10)) is not None
    assert schedule(cool_down_hours=0).due(set_back_s - HOUR_S, matured(10)) is not None


def test_drift_of_a_signal_that_is_not_named_is_passed_over(schedule):
    own = schedule(signals=("error",))
    assert not own.drifted("amount", "PSI", NOON)
    assert own.due(NOW_S, matured(60)) is None


def test_failed_retraining_begins_again_after_the_cool_down_and_not_before(schedule):
    own = schedule()
    own.drifted("error", "PSI", NOON)
    own.begun(NOW_S)
    assert own.due(NOW_S + 6 * HOUR_S - 1, matured(60)) is None
    assert own.due(NOW_S + 6 * HOUR_S, matured(60)) is not None


def test_time_alone_is_a_reason_and_counts_from_the_first_start(schedule):
    own = schedule(every_days=7)
    assert own.due(NOW_S + 7 * 24 * HOUR_S - 1, -1) is None
    assert own.due(NOW_S + 7 * 24 * HOUR_S, -1) == "every 7 days"
    own.begun(NOW_S + 7 * 24 * HOUR_S)
    assert own.due(NOW_S + 8 * 24 * HOUR_S, -1) is None
    assert own.due(NOW_S + 14 * 24 * HOUR_S, -1) == "every 7 days"


def test_restart_forgets_neither_the_drift_nor_the_cool_down(schedule):
    before = schedule()
    before.drifted("error", "PSI", NOON)
    assert schedule().due(NOW_S, matured(10)) is not None
    before.begun(NOW_S)
    assert schedule().due(NOW_S, matured(10)) is None
    assert schedule().state == before.state


def test_state_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "schedule.json").write_text('{"other": 1}')
    with pytest.raises(RuntimeFailure, match="Remove the file"):
        RetrainSchedule(plan(), tmp_path / "schedule.json", NOW_S)


def test_plan_whose_models_would_learn_nothing_of_a_drift_is_refused():
    with pytest.raises(SettingsError, match=r"above a quarter of window_days \(10\)"):
        load_settings(retrain={"window_days": 40, "collect_days": 10})

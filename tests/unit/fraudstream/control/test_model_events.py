from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fraudstream.control.model_events import REFUSED, SERVING, ModelEvent, ShardReport, oldest_first

FIRST = ModelEvent(
    deployment_id="", shard=4, at=datetime(2026, 11, 20, tzinfo=UTC), kind=SERVING, model_id="a", challengers=(),
    detail="", took_ms=None,
)  # fmt: skip
SWAPPED = replace(FIRST, deployment_id="d2", model_id="b", took_ms=80)
TURNED_DOWN = replace(FIRST, deployment_id="d3", kind=REFUSED, model_id="c", detail="expected a model")


def test_shard_that_said_nothing_serves_nothing_known():
    report = ShardReport.of(4, [replace(SWAPPED, shard=2)], "d2")
    assert (report.serving, report.answer) == (None, None)


def test_shard_serves_what_it_said_last():
    report = ShardReport.of(4, [FIRST, SWAPPED], "d2")
    assert (report.serving, report.answer) == (SWAPPED, SWAPPED)


def test_refused_deployment_is_the_answer_and_the_former_serves():
    report = ShardReport.of(4, [FIRST, SWAPPED, TURNED_DOWN], "d3")
    assert (report.serving, report.answer) == (SWAPPED, TURNED_DOWN)


def test_restart_does_not_take_a_refusal_back():
    report = ShardReport.of(4, [FIRST, SWAPPED, TURNED_DOWN, SWAPPED], "d3")
    assert (report.serving, report.answer) == (SWAPPED, TURNED_DOWN)


def test_without_a_deployment_there_is_no_answer():
    assert ShardReport.of(4, [FIRST], None).answer is None


def test_what_a_shard_said_last_stays_its_last_when_the_next_machines_clock_is_behind():
    other = replace(FIRST, shard=2, at=FIRST.at - timedelta(minutes=30))
    moved = replace(SWAPPED, at=FIRST.at - timedelta(hours=1))
    ordered = oldest_first([FIRST, other, moved])
    assert ordered == [other, FIRST, moved]
    assert ShardReport.of(4, ordered, None).serving == moved

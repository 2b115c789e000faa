"""Models by shard, from the job's events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fraudstream.control.model_events import REFUSED, SERVING, ModelEvent, ShardReport, oldest_first

FIRST = ModelEvent(
    deployment_id="", shard=4, at=datetime(2026, 11, 20, tzinfo=UTC), kind=SERVING, model_id="a", challengers=(),
    detail="", took_ms=None,
)  # fmt: skip
SWAPPED = replace(FIRST, deployment_id="d2", model_id="b", took_ms=80)
TURNED_DOWN = replace(FIRST, deployment_id="d3", kind=REFUSED, model_id="c", detail="expected a model")


def test_shard_without_events_serves_an_unknown_model():
    report = ShardReport.of(4, [replace(SWAPPED, shard=2)], "d2")
    assert (report.serving, report.answer) == (None, None)


def test_shard_serves_the_model_of_its_last_event():
    report = ShardReport.of(4, [FIRST, SWAPPED], "d2")
    assert (report.serving, report.answer) == (SWAPPED, SWAPPED)


def test_refused_deployment_is_the_answer_and_the_previous_one_serves():
    report = ShardReport.of(4, [FIRST, SWAPPED, TURNED_DOWN], "d3")
    assert (report.serving, report.answer) == (SWAPPED, TURNED_DOWN)


def test_restart_keeps_a_refusal():
    report = ShardReport.of(4, [FIRST, SWAPPED, TURNED_DOWN, SWAPPED], "d3")
    assert (report.serving, report.answer) == (SWAPPED, TURNED_DOWN)


def test_without_a_deployment_there_is_no_answer():
    assert ShardReport.of(4, [FIRST], None).answer is None


def test_last_event_of_a_shard_is_by_offset_even_with_a_slow_clock():
    other = replace(FIRST, shard=2, at=FIRST.at - timedelta(minutes=30))
    moved = replace(SWAPPED, at=FIRST.at - timedelta(hours=1))
    events = oldest_first([FIRST, other, moved])
    assert events == [other, FIRST, moved]
    assert ShardReport.of(4, events, None).serving == moved

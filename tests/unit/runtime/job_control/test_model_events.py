from dataclasses import replace
from datetime import UTC, datetime

from runtime.job_control.model_events import REFUSED, SERVING, ModelEvent, ShardReport

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

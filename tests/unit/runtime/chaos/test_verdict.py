"""A harness that finds nothing proves nothing: each kind of damage is made here, and has to be found."""

from dataclasses import replace

import pytest

from runtime.chaos.verdict import Expected, Found, compare

EXPECTED = Expected(
    published={"t1": "anna", "t2": "ben", "t3": "anna", "t4": "ben"},
    scores={"t1": 0.25, "t2": 0.5, "t3": 0.125, "t4": 0.75},
    alerts={"t2": "a2", "t4": "a4"},
)


def score(name, value=None):
    return {"transaction_id": name, "score": EXPECTED.scores[name] if value is None else value}


def alert(name, **changes):
    values = {"alert_id": EXPECTED.alerts.get(name, "?"), "transaction_id": name, "scored_at": 1, "reasons": ["z_10m"]}
    return {**values, "score": EXPECTED.scores[name], **changes}


WHOLE = Found(
    transactions=["t1", "t3", "t2", "t4"],
    scores=[score(name) for name in EXPECTED.scores],
    alerts=[alert("t2"), alert("t4")],
    dead_letters=0,
)


@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_whole_stream_breaks_nothing(guarantee):
    verdict = compare(EXPECTED, WHOLE)
    assert verdict.broken(guarantee) == []
    assert (verdict.published, verdict.alerts) == (4, 2)


@pytest.mark.parametrize(
    ("count", "found"),
    [
        ("input_lost", replace(WHOLE, transactions=["t1", "t3", "t2"])),
        ("input_duplicated", replace(WHOLE, transactions=["t1", "t3", "t2", "t4", "t4"])),
        ("input_disordered", replace(WHOLE, transactions=["t3", "t1", "t2", "t4"])),
        ("lost", replace(WHOLE, scores=WHOLE.scores[1:])),
        ("score_differences", replace(WHOLE, scores=[score("t1", 0.25000003), *WHOLE.scores[1:]])),
        ("score_differences", replace(WHOLE, scores=[*WHOLE.scores, {"transaction_id": "unknown", "score": 0.5}])),
        ("alerts_lost", replace(WHOLE, alerts=[alert("t2")])),
        ("alert_differences", replace(WHOLE, alerts=[*WHOLE.alerts, alert("t1")])),
        ("alert_differences", replace(WHOLE, alerts=[alert("t2"), alert("t4", alert_id="another")])),
        ("alert_differences", replace(WHOLE, alerts=[alert("t2", score=0.51), alert("t4")])),
        ("dead_letters", replace(WHOLE, dead_letters=1)),
    ],
)
@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_damage_is_found(count, found, guarantee):
    verdict = compare(EXPECTED, found)
    assert getattr(verdict, count) == 1
    assert verdict.broken(guarantee) == [count]


REPEATED = replace(WHOLE, scores=[*WHOLE.scores, score("t3")], alerts=[*WHOLE.alerts, alert("t2", scored_at=2)])


def test_repeats_are_counted_and_break_exactly_once_alone():
    verdict = compare(EXPECTED, REPEATED)
    assert (verdict.duplicated, verdict.alerts_duplicated) == (1, 1)
    assert verdict.broken("at-least-once") == []
    assert verdict.broken("exactly-once") == ["duplicated", "alerts_duplicated"]


def test_repeat_that_is_not_equal_breaks_at_least_once_too():
    other_reasons = replace(REPEATED, alerts=[*WHOLE.alerts, alert("t2", reasons=[])])
    other_score = replace(REPEATED, scores=[*WHOLE.scores, score("t3", 0.5)])
    assert compare(EXPECTED, other_reasons).broken("at-least-once") == ["alert_differences"]
    assert compare(EXPECTED, other_score).broken("at-least-once") == ["score_differences"]

"""The comparison of a chaos run finds each kind of injected damage."""

from dataclasses import replace

import pytest

from benchmarks.chaos.chaos_result import Basis, Expected, Found, compare
from schemas.alert_id import alert_id

PUBLISHED = [("anna", "t1"), ("ben", "t2"), ("anna", "t3"), ("ben", "t4")]
SCORES = {"t1": 0.25, "t2": 0.5, "t3": 0.125, "t4": 0.75}
ALL_LABELS = [7, 2]
BASIS = {
    "model_id": "m1",
    "label_offsets": ALL_LABELS,
    "rule_book_id": "b1",
    "entity_sequences": [8, -1],
    "entity_label_offsets": [9, 2, 0, 0],
}
CUSTOMERS = {transaction: customer for customer, transaction in PUBLISHED}


def oracle(keys):
    """Answer upon m1 what SCORES says and upon m2 and m3 half of it; b1 and b2 alert from 0.5 on, b2 by a rule.

    Model m3 reads entities.
    """
    return [answer(key, basis) for key, basis in keys]


def answer(key, basis):
    if key not in PUBLISHED:
        return None
    score = SCORES[key[1]] * (1.0 if basis.model_id == "m1" else 0.5)
    codes = frozenset({"rule:r"}) if basis.rule_book_id == "b2" else frozenset()
    decision = "BLOCK" if score >= 0.5 else "APPROVE"
    return Expected(score=score, decision=decision, rule_codes=codes, reads_entities=basis.model_id == "m3")


def score(name, **changes):
    whole = {
        "customer_id": CUSTOMERS.get(name, "unknown"), "transaction_id": name, "scored_at": 1, **BASIS, **changes,
    }  # fmt: skip
    expected = answer((whole["customer_id"], name), Basis.of(whole))
    return (
        {"score": expected.score, "decision": expected.decision, **whole}
        if expected
        else whole | {"score": 0.5, "decision": "APPROVE"}
    )


def alert(name, **changes):
    whole = {
        "alert_id": alert_id(CUSTOMERS.get(name, "unknown"), name),
        "reasons": [{"code": "AMOUNT"}],
        **score(name, **changes),
    }
    return whole | changes


WHOLE = Found(
    transactions=[("anna", "t1"), ("anna", "t3"), ("ben", "t2"), ("ben", "t4")],
    scores=[score(name) for name in SCORES],
    alerts=[alert("t2"), alert("t4")],
    dead_letters=0,
    label_ends={"anna": {1: 2}, "ben": {0: 7, 1: 1}},
)


@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_complete_output_has_no_fault(guarantee):
    result = compare(PUBLISHED, oracle, WHOLE)
    assert result.broken(guarantee) == []
    assert (result.published, result.alerts, result.models, result.rule_books) == (4, 2, 1, 1)


BEHIND = [score("t3", label_offsets=[7, 1]) if name == "t3" else score(name) for name in SCORES]


@pytest.mark.parametrize(
    ("count", "found"),
    [
        ("input_lost", replace(WHOLE, transactions=WHOLE.transactions[:3])),
        ("input_duplicated", replace(WHOLE, transactions=[*WHOLE.transactions, ("ben", "t4")])),
        ("input_disordered", replace(WHOLE, transactions=[PUBLISHED[2], PUBLISHED[0], *WHOLE.transactions[2:]])),
        ("lost", replace(WHOLE, scores=WHOLE.scores[1:])),
        ("score_differences", replace(WHOLE, scores=[score("t1", score=0.25000003), *WHOLE.scores[1:]])),
        ("score_differences", replace(WHOLE, scores=[*WHOLE.scores, score("unknown")])),
        ("score_differences", replace(WHOLE, scores=[score("t1", model_id="m2", score=0.25), *WHOLE.scores[1:]])),
        ("decision_differences", replace(WHOLE, scores=[score("t1", decision="REVIEW"), *WHOLE.scores[1:]])),
        ("labels_missed", replace(WHOLE, scores=BEHIND)),
        ("alerts_lost", replace(WHOLE, alerts=[alert("t2")])),
        ("alerts_lost", replace(WHOLE, alerts=[alert("t2"), alert("t4", label_offsets=[7, 1])])),
        ("alert_differences", replace(WHOLE, alerts=[*WHOLE.alerts, alert("t1")])),
        ("alert_differences", replace(WHOLE, alerts=[alert("t2"), alert("t4", alert_id="another")])),
        ("alert_differences", replace(WHOLE, alerts=[alert("t2", score=0.51), alert("t4")])),
        ("alert_differences", replace(WHOLE, alerts=[alert("t2", reasons=[{"code": "rule:r"}]), alert("t4")])),
        ("dead_letters", replace(WHOLE, dead_letters=1)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_damage_is_found(count, found, guarantee):
    result = compare(PUBLISHED, oracle, found)
    assert getattr(result, count) == 1
    assert count in result.broken(guarantee)


REPEATED = replace(WHOLE, scores=[*WHOLE.scores, score("t3")], alerts=[*WHOLE.alerts, alert("t2", scored_at=2)])


def test_repeats_are_counted_and_break_only_exactly_once():
    result = compare(PUBLISHED, oracle, REPEATED)
    assert (result.duplicated, result.alerts_duplicated, result.other_basis) == (1, 1, 0)
    assert result.broken("at-least-once") == []
    assert result.broken("exactly-once") == ["duplicated", "alerts_duplicated"]


def test_repeat_under_another_model_is_correct_with_the_score_of_that_model():
    again = score("t2", model_id="m2")
    result = compare(PUBLISHED, oracle, replace(WHOLE, scores=[*WHOLE.scores, again]))
    assert again["score"] == 0.25
    assert (result.other_basis, result.models) == (1, 2)
    assert result.broken("at-least-once") == []


def test_unequal_repeat_on_the_same_basis_breaks_at_least_once_too():
    other_reasons = replace(REPEATED, alerts=[*WHOLE.alerts, alert("t2", reasons=[])])
    other_score = replace(REPEATED, scores=[*WHOLE.scores, score("t3", score=0.5)])
    assert compare(PUBLISHED, oracle, other_reasons).broken("at-least-once") == ["alert_differences"]
    assert compare(PUBLISHED, oracle, other_score).broken("at-least-once") == ["score_differences"]


READS_ENTITIES = replace(
    WHOLE,
    scores=[score(name, model_id="m3", scored_at=2, entity_sequences=[9, -1]) for name in SCORES],
    alerts=[],
)
EARLIER = {"model_id": "m3", "scored_at": 1, "score": 0.875}


def test_earlier_score_of_a_model_that_reads_entities_may_differ():
    """Before a failure the events of entities had another sequence, which the records do not have as a whole."""
    assert compare(PUBLISHED, oracle, READS_ENTITIES).broken("exactly-once") == []
    earlier = [score("t4", **EARLIER, decision="BLOCK")]
    found = replace(
        READS_ENTITIES, scores=[*earlier, *READS_ENTITIES.scores], alerts=[alert("t4", **EARLIER, decision="BLOCK")]
    )
    result = compare(PUBLISHED, oracle, found)
    assert (result.superseded_differences, result.duplicated, result.other_basis) == (1, 1, 1)
    assert result.broken("at-least-once") == []
    assert result.broken("exactly-once") == ["duplicated", "other_basis", "superseded_differences"]


def test_last_score_of_a_model_that_reads_entities_is_compared():
    found = replace(READS_ENTITIES, scores=[*READS_ENTITIES.scores, score("t4", **EARLIER | {"scored_at": 3})])
    assert compare(PUBLISHED, oracle, found).broken("at-least-once") == ["score_differences"]
    right = replace(READS_ENTITIES, alerts=[alert("t4", model_id="m3", scored_at=2)])
    assert compare(PUBLISHED, oracle, right).broken("at-least-once") == ["alert_differences"], "it is approved"

"""Comparison of two score topics."""

from fraudstream.readers.score_comparison import Comparison


def score(
    value: float, decision: str = "APPROVE", label_offsets: tuple[int, ...] = (), of_entities: tuple[int, ...] = ()
) -> dict[str, object]:
    labels = {"label_offsets": list(label_offsets), "entity_label_offsets": list(of_entities)}
    return {"score": value, "decision": decision, **labels}


def test_equal_scores_agree():
    both = {"t1": score(0.1), "t2": score(0.9, "BLOCK")}
    found = Comparison.of(both, both)
    assert (found.compared, found.missing, found.equal_scores, found.disagreement) == (2, 0, 2, 0.0)
    assert (found.live_alerts, found.standby_alerts, found.both_alert) == (1, 1, 1)


def test_differences_missing_scores_and_one_sided_alerts_are_counted():
    live = {"t1": score(0.25), "t2": score(0.5, "REVIEW"), "t3": score(0.5, "REVIEW"), "t4": score(0.0)}
    standby = {
        "t1": score(0.75, "BLOCK", (3,)),
        "t2": score(0.5, of_entities=(2, 0)),
        "t3": score(0.5, "BLOCK"),
        "t5": score(1.0),
    }
    found = Comparison.of(live, standby)
    assert (found.compared, found.missing, found.equal_scores, found.other_labels) == (3, 1, 2, 2)
    assert (found.max_difference, found.mean_difference) == (0.5, 0.5 / 3)
    assert (found.live_alerts, found.standby_alerts, found.both_alert, found.decisions_differ) == (2, 2, 1, 3)
    assert found.disagreement == 1.0


def test_empty_comparison_is_no_agreement():
    assert Comparison.of({}, {"t1": score(0.5)}).disagreement == 1.0

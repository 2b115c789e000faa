"""Results of shadow mode."""

from fraudstream.lifecycle.shadow_results import ShadowResult

RECORD = {
    "champion_id": "a", "challenger_id": "b", "transactions": 100, "decided": 10, "agreed": 90,
    "champion_alerts": 5, "challenger_alerts": 8, "both_alert": 4, "difference_sum": 2.0, "difference_max": 0.25,
}  # fmt: skip


def test_records_of_a_pair_add_up_over_shards_and_times():
    records = [RECORD, {**RECORD, "transactions": 300, "difference_sum": 1.0, "difference_max": 0.5}]
    found = ShadowResult.of(records, "a", "b")
    assert (found.transactions, found.decided, found.agreed) == (400, 20, 180)
    assert (found.champion_alerts, found.challenger_alerts, found.both_alert) == (10, 16, 8)
    assert (found.mean_difference, found.max_difference, found.agreement) == (3 / 400, 0.5, 0.45)


def test_records_of_other_models_are_ignored():
    others = [{**RECORD, "champion_id": "c"}, {**RECORD, "challenger_id": "c"}]
    assert ShadowResult.of([*others, RECORD], "a", "b") == ShadowResult.of([RECORD], "a", "b")


def test_empty_comparison_has_no_difference():
    found = ShadowResult.of([], "a", "b")
    assert (found.transactions, found.agreement, found.mean_difference, found.max_difference) == (0, 1.0, 0.0, 0.0)

"""Tables of declared features, and the messages on wrong ones."""

import pytest

from models.declared.declared_features import DeclaredFeatures
from schemas.declaration.declared_feature import MAX_WINDOW_MS, DeclaredFeature
from schemas.declaration.feature_parser import MAX_FEATURES, FeatureError
from schemas.declaration.verb import Verb
from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS
from schemas.errors import UserError

KINDS = {"ip": "text", "declined": "flag", "risk": "number"}
ENTITIES = {"ip": ("ip",)}
COUNT = {"name": "n", "count": True, "window": "1h"}


def declared(*tables: dict) -> DeclaredFeatures:
    return DeclaredFeatures.of(tables, KINDS, ENTITIES)


def test_feature_has_what_its_table_says():
    table = {
        "name": "ip_cards_24h",
        "entity": "ip",
        "count_distinct": "customer_id",
        "window": "24h",
        "where": "not declined",
    }
    assert declared(table).features == (
        DeclaredFeature(
            name="ip_cards_24h",
            verb=Verb.COUNT_DISTINCT,
            column="customer_id",
            entity="ip",
            window_ms=DAY_MS,
            where="not declined",
        ),
    )


@pytest.mark.parametrize(("window", "length_ms"), [("1m", MINUTE_MS), ("36h", 36 * HOUR_MS), ("90d", 90 * DAY_MS)])
def test_window_is_a_number_of_minutes_hours_or_days(window, length_ms):
    assert declared({**COUNT, "window": window}).features[0].window_ms == length_ms


def test_verbs_of_one_transaction_need_no_window():
    assert declared({"name": "last_risk", "last": "risk"}).features[0].window_ms == MAX_WINDOW_MS


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"window": "100d"}, 'expected a window of "1m" to "90d", got \'100d\'. Write a whole number of minutes'),
        ({"window": "30s"}, 'expected a window of "1m" to "90d", got \'30s\''),
        ({"window": None}, 'expected a window of "1m" to "90d", got none'),
        ({"count": "risck"}, "expected a column as count, got risck, which is not declared: did you mean risk?"),
        ({"count": None, "cuont": True}, "got cuont: did you mean count?"),
        ({"count": None}, "expected one verb of count, sum, mean"),
        ({"sum": "risk"}, "expected one verb of count, sum, mean"),
        ({"entity": "ipp"}, "expected an entity, got 'ipp': did you mean ip?"),
        ({"count": None, "sum": "ip"}, "expected a column of kind flag or number or time as sum, got ip, a text"),
        ({"count": None, "count_distinct": "declined"}, "as count_distinct, got declined, a flag"),
        ({"count": None, "mean": True}, "expected the name of a column as mean, got True"),
        ({"where": "decline"}, "n: where: expected a column of the transaction, got decline: did you mean declined?"),
        ({"where": "risk"}, "where: expected a condition as the where, got a number at character 1"),
        ({"where": ""}, "expected a condition as where, got ''"),
        ({"count": None, "share": "amount <"}, "share: expected"),
        ({"name": "amount_sum_24h"}, "expected a name of its own, got amount_sum_24h"),
        ({"name": "ip"}, "expected a name of its own, got ip"),
        ({"name": "No"}, "expected a name of small letters, digits and _, got 'No'"),
        (
            {"count": None, "window": None, "ratio": ["n", "n"]},
            "expected a ratio of other features, got one",
        ),
        ({"count": None, "window": None, "ratio": ["n", "b"]}, "expected names of declared features as ratio, got b"),
        ({"count": None, "ratio": ["n", "n"]}, "expected no entity, window or where with ratio, got window"),
    ],
)
def test_wrong_feature_is_refused_in_a_line(changes, problem):
    table = {name: value for name, value in {**COUNT, **changes}.items() if value is not None}
    with pytest.raises(FeatureError) as caught:
        declared(table)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_each_mistake_has_a_line():
    with pytest.raises(FeatureError) as caught:
        declared({**COUNT, "window": "0m", "entity": "card"}, COUNT)
    assert len(str(caught.value).splitlines()) == 3


def test_ratios_may_be_of_ratios_in_any_order_but_not_of_themselves():
    ratios = {"c": ["b", "a"], "b": ["a", "n"], "a": ["n", "n"]}
    tables = [{"name": name, "ratio": parts} for name, parts in ratios.items()]
    assert declared(*tables, COUNT).ratios == ((2, 3, 3), (1, 2, 3), (0, 1, 2))
    with pytest.raises(FeatureError, match="feature a: expected a ratio of other features"):
        declared({"name": "a", "ratio": ["b", "n"]}, {"name": "b", "ratio": ["n", "a"]}, COUNT)


def test_too_many_features_and_conditions_are_refused():
    many = [{**COUNT, "name": f"f{number}", "where": f"amount > {number}"} for number in range(64)]
    assert len(declared(*many[:63]).features) == 63
    with pytest.raises(UserError, match="expected at most 63 different conditions"):
        declared(*many)
    with pytest.raises(FeatureError, match=r"expected at most 500 \[\[features\]\], got 501"):
        declared(*({**COUNT, "name": f"f{number}"} for number in range(MAX_FEATURES + 1)))

"""Values of declared features on transactions that are counted by hand."""

import statistics
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.declared.aggregate_engine import AggregateEngine
from models.declared.aggregate_record import KNOWN_VALUES, RECENT, AggregateLayout
from models.declared.declared_engine import DeclaredEngine
from models.declared.declared_features import DeclaredFeatures
from models.features.history import HistoryVersionError
from tests.property.declared.declarations import ENTITIES, KINDS, SCHEMA
from tests.records import transaction

START = datetime(2026, 3, 2, tzinfo=UTC)
NOTHING = dict.fromkeys(KINDS)


def rows(*changes: dict[str, Any]) -> pa.RecordBatch:
    """Return transactions of one customer; `at` is their event time in seconds, and their number by default."""
    made = []
    for number, own in enumerate(changes):
        at = START + timedelta(seconds=own.pop("at", number))
        amount_minor = round(100 * own.pop("amount", 1))
        fields = {"customer_id": "c", "amount_minor": amount_minor, "event_time": at, **NOTHING, **own}
        made.append(transaction(number, **fields))
    return pa.RecordBatch.from_pylist(made, schema=SCHEMA)


def values(records: pa.RecordBatch, **table: Any) -> list[float]:
    """Return a feature of each transaction; None where it is missing."""
    declared = DeclaredFeatures.of([{"name": "f", **table}], KINDS, ENTITIES)
    x = DeclaredEngine(declared).described(records)[:, 0]
    return [None if np.isnan(value) else value for value in x.tolist()]


def test_window_begins_where_a_transaction_is_as_old_as_it_is_long():
    records = rows({"at": 0}, {"at": 59.999}, {"at": 60}, {"at": 60.001})
    assert values(records, count=True, window="1m") == [0, 1, 2, 2]


def test_transactions_of_the_same_millisecond_do_not_see_each_other():
    assert values(rows({"at": 0}, {"at": 0}, {"at": 1}), count=True, window="1h") == [0, 0, 2]


def test_late_transaction_sees_those_before_it_in_event_time():
    assert values(rows({"at": 0}, {"at": 100}, {"at": 50}, {"at": 200}), count=True, window="1h") == [0, 1, 1, 3]


def test_duplicate_is_described_and_changes_nothing():
    again = {"transaction_id": "t000000"}
    assert values(rows({}, {**again}, {}), count=True, window="1h") == [0, 1, 1]


def test_where_holds_at_the_transaction_that_is_seen():
    records = rows({"declined": True}, {"declined": False}, {"declined": None}, {})
    assert values(records, count=True, window="1h", where="declined") == [0, 1, 1, 1]
    assert values(records, count="declined", window="1h") == [0, 1, 2, 2]
    assert values(records, share="declined", window="1h") == [None, 1, 0.5, np.float32(1 / 3)]


def test_numbers_of_a_window():
    records = rows({"amount": 2}, {"amount": 4}, {"amount": 9}, {})
    assert values(records, sum="amount", window="1h") == [0, 2, 6, 15]
    assert values(records, mean="amount", window="1h") == [None, 2, 3, 5]
    assert values(records, min="amount", window="1h") == [None, 2, 2, 2]
    assert values(records, max="amount", window="1h") == [None, 2, 4, 9]
    expected = [None, 0, 1, np.float32(statistics.pstdev([2, 4, 9]))]
    assert values(records, deviation="amount", window="1h") == expected


def test_number_that_no_float32_holds_has_no_value():
    records = rows({"risk": float("inf")}, {"risk": float("nan")}, {"risk": 1e39}, {"risk": -2.0}, {})
    assert values(records, sum="risk", window="1h") == [0, 0, 0, 0, -2]
    assert values(records, count="risk", window="1h") == [0, 0, 0, 0, 1]


def test_time_is_the_hours_before_its_transaction():
    records = rows({"at": 0, "opened": START - timedelta(hours=3)}, {"at": 3_600, "opened": START}, {"at": 7_200})
    assert values(records, last="opened") == [None, 3, 1]


def test_rate_is_per_hour_since_the_first_transaction_or_of_the_window():
    records = rows({"at": 0}, {"at": 30}, {"at": 1_800}, {"at": 36_000})
    assert values(records, rate=True, window="2h") == [None, 60, 4, 0]
    assert values(records, rate="amount", window="24h") == [None, 60, 4, np.float32(0.3)]


def test_newest_transaction_with_a_value_is_the_last():
    records = rows({"at": 0, "risk": 5.0}, {"at": 10}, {"at": 30, "risk": 7.0}, {"at": 100})
    assert values(records, last="risk") == [None, 5, 5, 7]
    assert values(records, since_last="risk") == [None, 10, 30, 70]
    assert values(records, since_last=True, window="1m") == [None, 10, 20, None]


def test_values_are_counted_and_recognized():
    records = rows({"ip": "a"}, {"ip": "b"}, {"ip": None}, {"ip": "a"}, {"ip": "c"})
    assert values(records, count_distinct="ip", window="1h") == [0, 1, 2, 2, 2]
    assert values(records, seen_before="ip") == [0, 0, None, 1, 0]


def test_zeros_of_both_signs_are_one_value():
    assert values(rows({"risk": 0.0}, {"risk": -0.0}, {"risk": 1.0}), seen_before="risk") == [0, 1, 0]


def test_transaction_without_the_entity_has_no_value():
    records = rows({"ip": "a", "mcc": "x"}, {"ip": "a"}, {"mcc": "x"}, {"ip": "a", "mcc": "x"}, {"ip": "x", "mcc": "a"})
    assert values(records, count=True, entity="ip", window="1h") == [0, 1, None, 2, 0]
    assert values(records, count=True, entity="ip_and_mcc", window="1h") == [0, None, None, 1, 0]


def test_ratio_is_missing_where_the_second_is_zero():
    tables = [
        {"name": "n", "count": True, "window": "1h", "where": "declined"},
        {"name": "all", "count": True, "window": "1h"},
        {"name": "r", "ratio": ["n", "all"]},
    ]
    declared = DeclaredFeatures.of(tables, KINDS, ENTITIES)
    x = DeclaredEngine(declared).described(rows({"declined": True}, {}, {}))
    assert np.isnan(x[0, 2])
    assert x[1:, 2].tolist() == [1, 0.5]


def test_entity_without_a_transaction_for_90_days_starts_empty():
    day = 86_400
    records = rows({"at": 0}, {"at": 90 * day}, {"at": 180 * day + 0.001}, {"at": 181 * day})
    assert values(records, count=True, window="90d") == [0, 1, 0, 1]


def test_beyond_those_kept_one_by_one_whole_tiles_count():
    records = rows(*({"at": 60 * number} for number in range(200)))
    counts = np.array(values(records, count=True, window="1h"))
    exact = np.minimum(np.arange(200), 60)
    assert (counts[: RECENT + 1] == exact[: RECENT + 1]).all()
    assert (counts >= exact).all()
    assert (counts <= exact + 5).all()  # a tile of an hour has five minutes


def test_different_values_are_exact_while_few_and_estimated_beyond():
    ips = [f"v{number % 90}" for number in range(90)] + [f"v{number}" for number in range(900)]
    found = values(rows(*({"ip": ip} for ip in ips)), count_distinct="ip", window="24h")
    exact = KNOWN_VALUES + RECENT
    assert found[: exact - 10] == list(range(exact - 10))
    assert found[-1] == pytest.approx(900, rel=0.4)  # three standard errors


def test_mean_of_large_equal_numbers_has_no_deviation():
    records = rows(*({"amount": 999_999.99} for _ in range(100)))
    assert max(values(records, deviation="amount", window="24h")[1:]) < 1e-3


def test_record_of_another_declaration_is_refused():
    def entity(window: str) -> Any:
        return DeclaredFeatures.of([{"name": "f", "count": True, "window": window}], KINDS, ENTITIES)

    one, other = entity("1h"), entity("2h")
    engine = AggregateEngine(one.entities[0].plan, load=None)
    engine.advance(one.events(rows({}))[0], one.empty(1))
    (raw,) = engine.records(engine.changed()).values()
    assert len(AggregateLayout(one.entities[0].plan).decode(raw).events) == 1
    with pytest.raises(HistoryVersionError, match="got one of other declared features"):
        AggregateLayout(other.entities[0].plan).decode(raw)
    with pytest.raises(HistoryVersionError, match="got version 99"):
        AggregateLayout(one.entities[0].plan).decode(b"\x63\x00" + raw[2:])
    with pytest.raises(HistoryVersionError, match="too short for a header"):
        AggregateLayout(one.entities[0].plan).decode(raw[:9])

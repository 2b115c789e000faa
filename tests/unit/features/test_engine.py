"""Feature engine: windows, missing values, worked examples."""

import numpy as np
import pyarrow as pa
import pytest

from models.features.batch import DUPLICATE, KEPT, TOO_OLD
from models.features.engine import FeatureEngine
from models.features.history import HistoryVersionError, K, decode_history
from models.features.table import FEATURE_NAMES
from models.features.window import HORIZON_MS, WINDOWS
from schemas.durations import DAY_MS
from tests.unit.features.engine_records import HOUR_MS, START_MS, records


def features(*rows):
    """Return the features of the last row by name."""
    batch = FeatureEngine(load=None, capacity=8).advance(records(*rows))
    return dict(zip(FEATURE_NAMES, batch.x[-1].tolist(), strict=True))


def test_first_transaction_has_its_missing_values():
    x = features({"amount_minor": 1250})
    assert [
        x[n]
        for n in ("count_7d", "amount_sum_7d", "amount_mean_7d", "amount_z_7d", "amount_to_mean_7d", "since_last_s")
    ] == [
        0,
        0,
        -1,
        0,
        -1,
        -1,
    ]
    assert [x[n] for n in ("amount", "new_merchant", "new_device", "distance_km")] == [12.5, 1, -1, -1]


def test_worked_example():
    x = features(
        {"amount_minor": 1000, "merchant_id": "a", "latitude": 0.0, "longitude": 0.0},
        {"amount_minor": 3000, "merchant_id": "b", "event_time": START_MS + HOUR_MS, "device_id": "d"},
        {"amount_minor": 6200, "event_time": START_MS + 2 * HOUR_MS, "merchant_id": "a", "device_id": "e",
         "latitude": 0.0, "longitude": 1.0},
    )  # fmt: skip
    assert (x["count_1h"], x["count_24h"]) == (1, 2)
    assert (x["amount_sum_24h"], x["amount_mean_24h"], x["amount_std_24h"], x["amount_max_24h"]) == (40, 20, 10, 30)
    assert (x["merchants_24h"], x["same_merchant_count_24h"], x["new_merchant"], x["new_device"]) == (2, 1, 0, 1)
    assert x["amount_z_24h"] == pytest.approx((62 - 20) / 11)
    assert (x["amount_to_mean_24h"], x["amount_to_max_7d"]) == (3, pytest.approx(63 / 31))
    assert (x["since_last_s"], x["mean_gap_s"], x["history_count"]) == (3600, 3600, 2)
    assert x["distance_km"] == pytest.approx(111.195, abs=0.001)  # from the last known location, two hours ago
    assert x["speed_kmh"] == pytest.approx(111.195 / 2, abs=0.001)
    assert (x["hour"], x["is_night"], x["is_weekend"]) == (2, 1, 0)


@pytest.mark.parametrize(("age_ms", "count"), [(0, 0), (1, 1), (HOUR_MS, 1), (HOUR_MS + 1, 0)])
def test_hour_window_has_transactions_from_one_hour_to_one_millisecond_old(age_ms, count):
    assert features({}, {"event_time": START_MS + age_ms})["count_1h"] == count


def test_late_transaction_sees_only_earlier_ones():
    x = features({"event_time": START_MS + 10}, {"event_time": START_MS}, {"event_time": START_MS + 5})
    assert x["count_1h"] == 1


def test_speed_is_measured_over_at_least_a_minute_and_capped():
    near = features(
        {"latitude": 0.0, "longitude": 0.0}, {"latitude": 0.0, "longitude": 0.01, "event_time": START_MS + 1}
    )
    far = features(
        {"latitude": 0.0, "longitude": 0.0}, {"latitude": 0.0, "longitude": 90.0, "event_time": START_MS + 1}
    )
    assert near["speed_kmh"] == pytest.approx(1.11195 * 60, rel=1e-4)
    assert far["speed_kmh"] == 10_000


def located(degrees_east, hours, **fields):
    return {"latitude": 0.0, "longitude": degrees_east, "event_time": START_MS + round(hours * HOUR_MS), **fields}


@pytest.mark.parametrize(("degrees", "share"), [(0.899, 1), (0.9, 0), (359.2, 1)])
def test_a_location_is_near_within_100_km_also_across_the_date_line(degrees, share):
    assert features(located(0, 0), located(degrees, 1))["near_share"] == share


def test_near_share_counts_the_earlier_transactions_with_a_location():
    x = features(located(0, 0), located(10, 1), {"event_time": START_MS + 2 * HOUR_MS}, located(0, 3), located(0, 4))
    assert x["near_share"] == pytest.approx(2 / 3)
    assert features(located(0, 0), {"event_time": START_MS + HOUR_MS})["near_share"] == -1
    assert features({}, located(0, 1))["near_share"] == -1


def test_away_speed_is_from_the_newest_transaction_beyond_100_km():
    x = features(located(0, 0), located(10, 1), located(20, 2), located(20, 3), located(20, 4))
    assert x["away_speed_kmh"] == pytest.approx(111.195 * 10 / 3, abs=0.01)
    assert x["speed_kmh"] == 0
    assert features(located(0, 0), located(0, 1))["away_speed_kmh"] == -1


def test_amount_is_compared_with_the_customers_own_at_the_merchant():
    rows = [{"merchant_id": m, "amount_minor": 100 * n, "event_time": START_MS + n} for n, m in enumerate("abaa", 1)]
    assert features(*rows)["same_merchant_amount_to_mean"] == pytest.approx(5 / 3)
    assert features(*rows[:2])["same_merchant_amount_to_mean"] == -1


@pytest.mark.parametrize(("merchants", "new"), [("abb", 1), ("bcd", 2), ("bbb", 1), ("aab", 0)])
def test_new_merchants_are_transactions_of_the_last_hour_at_merchants_of_none_before(merchants, new):
    times = [START_MS, START_MS + 2 * HOUR_MS, START_MS + 2 * HOUR_MS + 1, START_MS + 3 * HOUR_MS]
    rows = [{"merchant_id": m, "event_time": t} for m, t in zip("a" + merchants, times, strict=True)]
    assert features(*rows)["new_merchants_1h"] == new


def test_time_since_the_device_is_that_of_its_newest_use():
    rows = [{"device_id": d, "event_time": START_MS + n * HOUR_MS} for n, d in enumerate(["d", "d", "e", None, "d"])]
    assert features(*rows)["since_same_device_s"] == 3 * 3_600
    assert features(*rows[:3])["since_same_device_s"] == features(*rows[:4])["since_same_device_s"] == -1


def test_single_coordinate_is_no_location():
    assert (
        features({"latitude": 1.0}, {"latitude": 1.0, "longitude": 1.0, "event_time": START_MS + 1})["distance_km"]
        == -1
    )


@pytest.mark.parametrize(
    ("hours", "weekend", "night"), [(5, 0, 1), (6, 0, 0), (47, 0, 0), (48, 1, 1), (95, 1, 0), (96, 0, 1)]
)
def test_weekend_and_night_are_in_utc(hours, weekend, night):
    x = features({"event_time": START_MS + hours * HOUR_MS})
    assert (x["is_weekend"], x["is_night"], x["hour"]) == (weekend, night, hours % 24)


def test_full_history_drops_its_oldest_and_ignores_older_ones():
    engine = FeatureEngine(load=None, capacity=1)
    rows = [{"event_time": START_MS + i} for i in range(1, K + 2)]
    batch = engine.advance(records(*rows, {"event_time": START_MS}))
    engine.remember(batch, np.zeros(K + 2, np.float32))
    assert batch.ingest_status.tolist() == [KEPT] * (K + 1) + [TOO_OLD]
    entries, tiles, _ = decode_history(engine.records(batch.customers)["c"])
    assert entries["event_time_ms"].tolist() == [START_MS + i for i in range(2, K + 2)]
    assert tiles is not None
    assert tiles["count"].sum() == 2 * len(WINDOWS)


def test_high_volume_customer_is_counted_beyond_the_stored_transactions():
    step_ms = 60_000
    rows = [{"event_time": START_MS + i * step_ms, "amount_minor": 100 * (i + 1)} for i in range(300)]
    x = features(*rows)
    assert x["history_count"] == K
    assert x["count_1h"] == 60  # within the K stored, so exact
    assert x["count_24h"] == 299
    assert x["amount_sum_24h"] == 299 * 300 / 2
    assert x["amount_max_24h"] == 299
    assert x["amount_std_24h"] == pytest.approx(np.std(np.arange(1, 300)), rel=1e-6)


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.name)
def test_window_beyond_the_stored_transactions_is_too_long_by_at_most_a_tile(window):
    rng = np.random.default_rng(3)
    times = START_MS + np.sort(rng.integers(0, 2 * window.length_ms, 500))
    batch = FeatureEngine(load=None).advance(records(*({"event_time": int(time)} for time in times)))
    counts = batch.x[:, FEATURE_NAMES.index(f"count_{window.name}")]

    def earlier(length_ms):
        return np.array([np.count_nonzero((times >= now - length_ms) & (times < now)) for now in times])

    assert (counts >= earlier(window.length_ms)).all()
    assert (counts <= earlier(window.length_ms + window.tile_ms)).all()
    assert (counts > earlier(window.length_ms)).any()


def test_late_transaction_older_than_all_stored_is_counted_but_not_stored():
    rows = [{"event_time": START_MS + DAY_MS + i} for i in range(K)]
    x = features(*rows, {"event_time": START_MS}, {"event_time": START_MS + DAY_MS + K})
    assert (x["count_7d"], x["history_count"]) == (K + 1, K)


@pytest.mark.parametrize(("age_ms", "count"), [(HORIZON_MS, 1), (HORIZON_MS + 1, 0)])
def test_nothing_is_seen_beyond_the_horizon(age_ms, count):
    x = features({"device_id": "d"}, {"event_time": START_MS + age_ms, "device_id": "d"})
    assert (x["history_count"], x["new_merchant"], x["new_device"]) == (count, 1 - count, 1 - count)


def test_duplicates_name_their_first_occurrence():
    engine = FeatureEngine(load=None, capacity=1)
    one = engine.advance(records({}, {}, {"transaction_id": "t0"}))
    assert engine.remember(one, np.array([0.5, 0.25, 0.75], np.float32)).tolist() == [0.5, 0.25, 0.5]
    assert one.first_index.tolist() == [-1, -1, 0]
    assert list(engine.records(one.customers)) == ["c"]
    two = engine.advance(records({"transaction_id": "t1"}, {"transaction_id": "t0", "customer_id": "another"}))
    assert two.ingest_status.tolist() == [DUPLICATE, KEPT]
    assert two.first_score[0] == 0.25
    assert np.isnan(two.first_score[1])
    assert engine.remember(two, np.array([0.1, 0.2], np.float32)).tolist() == [0.25, np.float32(0.2)]
    assert list(engine.records(two.customers)) == ["another"]


def test_empty_batch_has_empty_results():
    engine = FeatureEngine(load=None)
    batch = engine.advance(records())
    assert batch.x.shape == (0, len(FEATURE_NAMES))
    assert engine.remember(batch, np.empty(0, np.float32)).tolist() == []
    assert engine.records(batch.customers) == {}


def test_next_batch_needs_the_scores_of_the_previous():
    engine = FeatureEngine(load=None)
    batch = engine.advance(records({}))
    with pytest.raises(RuntimeError, match="remember"):
        engine.advance(records({}))
    engine.remember(batch, np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="once"):
        engine.remember(batch, np.zeros(1, np.float32))


@pytest.mark.parametrize("scores", [[-0.1], [np.nan], [0.1, 0.2]])
def test_impossible_scores_are_refused(scores):
    engine = FeatureEngine(load=None)
    with pytest.raises(ValueError, match="scores"):
        engine.remember(engine.advance(records({})), np.array(scores, np.float32))


def test_null_id_is_refused_without_a_change_of_state():
    engine = FeatureEngine(load=None)
    with pytest.raises(ValueError, match="merchant_id"):
        engine.advance(records({}, {"merchant_id": None}))
    assert engine.advance(records({})).ingest_status.tolist() == [KEPT]


@pytest.mark.parametrize(
    "column", [None, pa.array([1.5]), pa.array(["2026-01-01"])], ids=["missing", "float", "string"]
)
def test_column_of_another_type_is_refused(column):
    batch = records({}).drop_columns(["amount_minor"])
    if column is not None:
        batch = batch.append_column("amount_minor", column)
    with pytest.raises(ValueError, match=r"amount_minor.*expected int64, got"):
        FeatureEngine(load=None).advance(batch)


def test_state_of_another_version_is_refused():
    with pytest.raises(HistoryVersionError):
        FeatureEngine(load=lambda _: b"\x09\x00 something else").advance(records({}))


def test_engine_without_a_store_grows_and_forgets_nothing():
    engine = FeatureEngine(load=None, capacity=2)
    for _ in range(2):
        batch = engine.advance(records(*({"customer_id": f"c{i}"} for i in range(9))))
        engine.remember(batch, np.zeros(9, np.float32))
    assert (batch.ingest_status == DUPLICATE).all()


@pytest.mark.parametrize(("currency", "amount"), [("EUR", 12.5), ("JPY", 1250.0), ("KWD", 1.25), ("???", 12.5)])
def test_amounts_are_in_the_major_unit_of_their_currency(currency, amount):
    row = {"amount_minor": 1250, "currency": currency}
    x = features(row, {**row, "event_time": START_MS + HOUR_MS})
    assert (x["amount"], x["amount_sum_7d"]) == (amount, amount)

"""High-volume customers have bounded state, and cost no more per event than a full history."""

import numpy as np
import pytest

from benchmarks.suites.features import START_MS, transactions
from models.features.batch import DUPLICATE, KEPT, TOO_OLD
from models.features.engine import FeatureEngine
from models.features.history import (
    DUPLICATE_MS,
    ENTRY,
    HEADER,
    ID_BYTES,
    MAX_IDS,
    TILE,
    TILES_KEPT,
    K,
    decode_history,
)
from models.features.table import FEATURE_NAMES
from models.features.window import HORIZON_MS
from schemas.durations import DAY_MS
from tests.unit.features.engine_records import records

TILED = HEADER.size + K * ENTRY.itemsize + TILES_KEPT * TILE.itemsize
LARGEST = TILED + MAX_IDS * ID_BYTES
HOT = "customer-000000"


def advance(engine, batch):
    found = engine.advance(batch)
    engine.remember(found, np.zeros(len(found), np.float32))
    return found, engine.records(found.customers)


def test_million_transactions_of_one_customer_take_the_bytes_of_a_full_history():
    engine = FeatureEngine(load=None)
    rng = np.random.default_rng(5)
    chunk, sizes = 50_000, set()
    for number in range(20):
        batch = transactions(rng, np.zeros(chunk, np.int64), START_MS + number * DAY_MS, DAY_MS)
        found, changed = advance(engine, batch)
        sizes.add(len(changed[HOT]))
        assert np.isfinite(found.x).all()
    assert sizes == {LARGEST}
    entries, _, _ = decode_history(changed[HOT])
    assert len(entries) == K, "no window walk is longer"
    # Tiles count whole twelfths of a window, so the count of 30 days is the million, up to the batch's remainder.
    in_month = found.x[-1, FEATURE_NAMES.index("count_30d")]
    assert 19 * chunk < in_month <= 20 * chunk


def test_id_sent_a_thousand_times_is_in_the_history_once():
    engine = FeatureEngine(load=None)
    found, changed = advance(
        engine, records(*({"transaction_id": "again", "event_time": START_MS} for _ in range(1_000)))
    )
    entries, tiles, _ = decode_history(changed["c"])
    assert (len(entries), tiles) == (1, None)
    assert np.bincount(found.ingest_status).tolist() == [0, 1, 999] == np.bincount([KEPT] + [DUPLICATE] * 999).tolist()


@pytest.mark.parametrize("late_ms", [1, DAY_MS, HORIZON_MS, START_MS])
def test_late_transactions_of_any_age_do_not_grow_a_history(late_ms):
    engine = FeatureEngine(load=None)
    rng = np.random.default_rng(5)
    advance(engine, transactions(rng, np.zeros(3 * K, np.int64), START_MS, DAY_MS))
    late = transactions(rng, np.zeros(500, np.int64), START_MS - late_ms, 1)
    _, changed = advance(engine, late)
    entries, _, _ = decode_history(changed[HOT])
    assert TILED <= len(changed[HOT]) <= LARGEST
    assert (np.diff(entries["event_time_ms"]) >= 0).all()
    assert entries["event_time_ms"][0] >= START_MS, "older than all that are kept: they are in the tiles alone"


def test_transactions_of_equal_time_do_not_see_each_other():
    engine = FeatureEngine(load=None)
    found, changed = advance(
        engine, records(*({"transaction_id": f"t{i}", "event_time": START_MS} for i in range(500)))
    )
    assert set(found.x[:, FEATURE_NAMES.index("history_count")]) == {0}
    assert len(changed["c"]) == TILED + (500 - K) * ID_BYTES


def ids_of(numbers, step_ms=1_000):
    return records(*({"transaction_id": f"t-{i}", "event_time": START_MS + i * step_ms} for i in numbers))


@pytest.mark.parametrize("count", [100, 1_000, K + MAX_IDS])
def test_transactions_sent_twice_within_a_week_count_once(count):
    engine = FeatureEngine(load=None)
    _, once = advance(engine, ids_of(range(count)))
    again, twice = advance(engine, ids_of(range(count)))
    assert (again.ingest_status == DUPLICATE).all()
    assert twice == {}
    found, _ = advance(engine, ids_of([count]))
    expected, _ = advance(with_history(once["c"]), ids_of([count]))
    assert found.x.tobytes() == expected.x.tobytes()


def with_history(raw):
    return FeatureEngine(load=lambda _: raw)


def test_hundred_transactions_sent_twice_count_as_a_hundred_in_the_hour():
    engine = FeatureEngine(load=None)
    advance(engine, ids_of([*range(100), *range(100)]))
    found, _ = advance(engine, ids_of([101]))
    assert found.x[0, FEATURE_NAMES.index("count_1h")] == 100


def test_duplicate_of_an_evicted_transaction_has_its_first_score_even_within_the_batch():
    engine = FeatureEngine(load=None)
    batch = engine.advance(ids_of([*range(K + 10), 3]))
    final = engine.remember(batch, np.arange(len(batch), dtype=np.float32))
    assert final[-1] == 3
    batch = engine.advance(ids_of([5]))
    assert engine.remember(batch, np.ones(1, np.float32)) == 5


def test_repeated_late_transaction_older_than_all_stored_is_recognised():
    engine = FeatureEngine(load=None)
    advance(engine, ids_of(range(1_000, 1_000 + K)))
    late, _ = advance(engine, ids_of([0]))
    again, changed = advance(engine, ids_of([0]))
    assert (late.ingest_status.tolist(), again.ingest_status.tolist(), changed) == ([TOO_OLD], [DUPLICATE], {})


@pytest.mark.parametrize(
    ("apart_ms", "ingest_status"), [(DUPLICATE_MS, DUPLICATE), (DUPLICATE_MS + K * 1_000, TOO_OLD)]
)
def test_id_is_forgotten_seven_days_later_by_the_time_of_its_customer(apart_ms, ingest_status):
    engine = FeatureEngine(load=None)
    advance(engine, ids_of(range(K)))
    advance(engine, ids_of([K], step_ms=apart_ms // K))
    again, _ = advance(engine, ids_of([0]))
    assert again.ingest_status.tolist() == [ingest_status]


def test_forgotten_ids_free_their_bytes():
    engine = FeatureEngine(load=None)
    _, crowded = advance(engine, ids_of(range(2 * K)))
    assert len(crowded["c"]) == TILED + K * ID_BYTES
    _, sparse = advance(engine, ids_of(range(2 * K, 4 * K), step_ms=DAY_MS))
    assert len(sparse["c"]) == TILED


def test_oldest_evicted_id_is_forgotten_beyond_the_limit():
    engine = FeatureEngine(load=None)
    advance(engine, ids_of(range(K + MAX_IDS + 1)))
    again, _ = advance(engine, ids_of([1, 0]))
    assert again.ingest_status.tolist() == [DUPLICATE, TOO_OLD]

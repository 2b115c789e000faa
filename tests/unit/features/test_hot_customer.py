"""What a customer with far more than others comes to: bounded state, and no more work an event than a full history."""

import numpy as np
import pytest

from benchmarks.features_kernel import START_MS, transactions
from models.features.batch import DUPLICATE, KEPT
from models.features.engine import FeatureEngine
from models.features.history import ENTRY, HEADER, TILE, TILES_KEPT, K, decode_history
from models.features.table import FEATURE_NAMES
from models.features.window import DAY_MS, HORIZON_MS
from tests.unit.features.test_engine import records

LARGEST = HEADER.size + K * ENTRY.itemsize + TILES_KEPT * TILE.itemsize
HOT = "customer-000000"


def advance(engine, batch):
    found = engine.advance(batch)
    engine.remember(found, np.zeros(len(found), np.float32))
    return found, engine.changed(found)


def test_a_million_events_of_one_customer_are_kept_in_the_bytes_of_a_full_history():
    engine = FeatureEngine(load=None)
    rng = np.random.default_rng(5)
    chunk, sizes = 50_000, set()
    for number in range(20):
        batch = transactions(rng, np.zeros(chunk, np.int64), START_MS + number * DAY_MS, DAY_MS)
        found, changed = advance(engine, batch)
        sizes.add(len(changed[HOT]))
        assert np.isfinite(found.x).all()
    assert sizes == {LARGEST}
    entries, _ = decode_history(changed[HOT])
    assert len(entries) == K, "no window walk is longer"
    # Tiles count whole twelfths of a window, so what they say of 30 days is the million, but for the batch's rest.
    in_month = found.x[-1, FEATURE_NAMES.index("count_30d")]
    assert 19 * chunk < in_month <= 20 * chunk


def test_an_id_a_thousand_times_is_in_the_history_once():
    engine = FeatureEngine(load=None)
    found, changed = advance(
        engine, records(*({"transaction_id": "again", "event_time": START_MS} for _ in range(1_000)))
    )
    entries, tiles = decode_history(changed["c"])
    assert (len(entries), tiles) == (1, None)
    assert np.bincount(found.fate).tolist() == [0, 1, 999] == np.bincount([KEPT] + [DUPLICATE] * 999).tolist()


@pytest.mark.parametrize("late_ms", [1, DAY_MS, HORIZON_MS, START_MS])
def test_late_events_however_old_do_not_make_a_history_grow(late_ms):
    engine = FeatureEngine(load=None)
    rng = np.random.default_rng(5)
    advance(engine, transactions(rng, np.zeros(3 * K, np.int64), START_MS, DAY_MS))
    late = transactions(rng, np.zeros(500, np.int64), START_MS - late_ms, 1)
    _, changed = advance(engine, late)
    entries, _ = decode_history(changed[HOT])
    assert len(changed[HOT]) == LARGEST
    assert (np.diff(entries["event_time_ms"]) >= 0).all()
    assert entries["event_time_ms"][0] >= START_MS, "older than all that are kept: they are in the tiles alone"


def test_equal_times_do_not_see_each_other_however_many():
    engine = FeatureEngine(load=None)
    found, changed = advance(
        engine, records(*({"transaction_id": f"t{i}", "event_time": START_MS} for i in range(500)))
    )
    assert set(found.x[:, FEATURE_NAMES.index("history_count")]) == {0}
    assert len(changed["c"]) == LARGEST

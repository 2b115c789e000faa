"""Entity features of a history."""

import numpy as np

from models.features.entities.entity_inputs import NO_SEQUENCE
from models.features.entities.entity_layout import ENTITY_COLUMNS, ENTITY_WIDTH
from models.features.entities.entity_tracker import EntityTracker
from models.features.table import FEATURE_NAMES
from tests.unit.features.engine_records import HOUR_MS, START_MS, records

MINUTE_MS = HOUR_MS // 60
ROWS = records(
    {"customer_id": "a", "merchant_id": "m", "device_id": "d", "amount_minor": 1000},
    {"customer_id": "b", "merchant_id": "m", "amount_minor": 3000, "event_time": START_MS + MINUTE_MS},
    {"customer_id": "c", "merchant_id": "n", "device_id": "d", "event_time": START_MS + 2 * MINUTE_MS},
    {"customer_id": "c", "merchant_id": "m", "device_id": "d", "event_time": START_MS + 3 * MINUTE_MS},
)
COLUMNS = {name: column for column, name in enumerate(FEATURE_NAMES[ENTITY_COLUMNS])}


def test_an_entity_sees_the_earlier_transactions_of_all_customers():
    x = EntityTracker().advance(ROWS).x
    assert x[:, COLUMNS["merchant_customers_1h"]].tolist() == [0, 1, 0, 2]
    assert x[:, COLUMNS["merchant_amount_mean_1h"]].tolist() == [-1, 10, -1, 20]
    assert x[:, COLUMNS["device_customers_1h"]].tolist() == [0, 0, 1, 2]
    assert x[:, COLUMNS["device_new_customer"]].tolist() == [1, -1, 1, 0]


def test_batches_do_not_change_a_bit():
    whole, parts = EntityTracker().advance(ROWS), EntityTracker()
    found = [parts.advance(ROWS.slice(row, 1)) for row in range(len(ROWS))]
    for name in ("x", "sequences"):
        assert np.concatenate([getattr(part, name) for part in found]).tobytes() == getattr(whole, name).tobytes()


def test_values_of_two_columns_are_two_entities():
    same = records({"merchant_id": "one", "device_id": "other"}, {"merchant_id": "other", "device_id": "one"})
    assert not EntityTracker().advance(same).x[1, [COLUMNS["merchant_count_30d"], COLUMNS["device_count_30d"]]].any()


def test_each_event_has_a_number_of_its_own_that_grows_within_its_entity():
    sequences = EntityTracker().advance(ROWS).sequences
    assert sequences.shape[1] * ENTITY_WIDTH == len(COLUMNS)
    numbers = sequences[sequences != NO_SEQUENCE]
    assert len(set(numbers.tolist())) == len(numbers) == 7
    assert sequences[[0, 1, 3], 0].tolist() == sorted(sequences[[0, 1, 3], 0].tolist())

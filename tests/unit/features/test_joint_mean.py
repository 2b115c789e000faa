"""The amount is compared with what its customer and its merchant's customers usually pay."""

import numpy as np
import pytest

from models.features.engine import FeatureEngine
from models.features.entities.entity_tracker import EntityTracker
from models.features.table import FEATURE_NAMES
from tests.unit.features.engine_records import HOUR_MS, START_MS, records


def joint_means(*rows):
    batch = records(*({"event_time": START_MS + n * HOUR_MS, **row} for n, row in enumerate(rows)))
    x = FeatureEngine(load=None).advance(batch, entities=EntityTracker().advance(batch)).x
    return x[:, FEATURE_NAMES.index("amount_to_joint_mean_30d")].tolist()


def test_amount_is_relative_to_the_geometric_mean_of_both_averages():
    found = joint_means(
        {"customer_id": "a", "merchant_id": "m", "amount_minor": 300},
        {"customer_id": "b", "merchant_id": "n", "amount_minor": 800},
        {"customer_id": "a", "merchant_id": "n", "amount_minor": 1100},
    )
    assert found[2] == pytest.approx(12 / 6)  # averages of 3 and 8: the root of 4 x 9


def test_without_an_earlier_transaction_of_customer_or_merchant_it_is_missing():
    rows = ("a", "m"), ("b", "m"), ("a", "n")
    found = joint_means(*({"customer_id": customer, "merchant_id": merchant} for customer, merchant in rows))
    assert found == [-1, -1, -1]


def test_without_entities_it_is_missing():
    x = FeatureEngine(load=None).advance(records({}, {"event_time": START_MS + 1})).x
    np.testing.assert_array_equal(x[:, FEATURE_NAMES.index("amount_to_joint_mean_30d")], -1)

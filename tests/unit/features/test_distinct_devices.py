"""Distinct devices of a customer."""

import numpy as np
import pytest

from models.features.engine import FeatureEngine
from models.features.history import K
from models.features.table import FEATURE_NAMES
from tests.unit.features.engine_records import HOUR_MS, START_MS, records

COLUMNS = [FEATURE_NAMES.index(name) for name in ("devices_24h", "devices_30d")]


def devices(*rows):
    """Return devices_24h and devices_30d of each transaction."""
    return FeatureEngine(load=None).advance(records(*rows)).x[:, COLUMNS].tolist()


def test_each_device_of_the_window_counts_once():
    hours = {0: "a", 1: None, 2: "a", 3: "b", 30: "c", 31: None}
    rows = [{"device_id": device, "event_time": START_MS + hour * HOUR_MS} for hour, device in hours.items()]
    assert devices(*rows) == [[0, 0], [1, 1], [1, 1], [1, 1], [0, 2], [1, 3]]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_devices_that_left_the_kept_transactions_are_counted_exactly(count):
    rows = [{"device_id": f"d{number % count}", "event_time": START_MS + number * 60_000} for number in range(3 * K)]
    rows += [{"event_time": START_MS + (3 * K + number) * 60_000} for number in range(K + 1)]
    assert devices(*rows)[-1] == [count, count]


@pytest.mark.parametrize("count", [10, 30, 60])
def test_many_devices_are_counted_within_the_stated_error(count):
    customers = 60
    rows = [
        {"customer_id": f"c{c}", "device_id": f"{c} {n}" if n < count else None, "event_time": START_MS + n * 1_000}
        for c in range(customers)
        for n in range(count + K + 1)
    ]
    found = np.array(devices(*rows))[count + K :: count + K + 1, 1]
    assert len(found) == customers
    assert np.sqrt(np.mean((found / count - 1) ** 2)) < 0.13

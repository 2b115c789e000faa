"""Device ids of the simulator."""

import warnings

import numpy as np

from producers.devices import device_ids
from producers.rows import NO_DEVICE


def test_a_seed_of_numpy_gives_the_same_ids_without_a_warning():
    codes = np.array([NO_DEVICE, 0, 1 << 61])
    with warnings.catch_warnings(action="error"):
        assert device_ids(codes, np.int64(7)) == device_ids(codes, 7)


def test_a_missing_device_has_no_id():
    assert device_ids(np.array([NO_DEVICE, 5]), 1)[0] is None

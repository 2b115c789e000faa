"""Positions of records."""

import numpy as np
import pytest

from schemas.label_offset import label_entry, split_entry
from schemas.position import generation_of, offset_of, partition_of, position


@pytest.mark.parametrize("offset", [0, 1, 2**40 - 1])
@pytest.mark.parametrize("partition", [0, 1, 2**16 - 1])
@pytest.mark.parametrize("generation", [0, 1, 127])
def test_position_round_trip_keeps_its_parts(generation, partition, offset):
    found = np.array([position(partition, offset, generation)], np.int64)
    assert (generation_of(found), partition_of(found), offset_of(found)) == (generation, partition, offset)


def test_positions_equal_those_of_earlier_versions():
    assert position(3, 5, generation=2) == 2 * 2**56 + 3 * 2**40 + 5
    assert label_entry(2, 5) == 2 * 2**40 + 5
    assert split_entry(2 * 2**40 + 5) == (2, 5)


def test_position_in_a_recreated_topic_is_greater_than_all_earlier_ones():
    assert label_entry(1, 0) > label_entry(0, 2**40 - 1)

"""Lanes: one blob for all shards of a subtask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.flink_hash import MAX_PARALLELISM, row_key_groups
from jobs.lanes import Lanes, decode_shards, encode_shards
from jobs.shards import SHARD_KEYS

shard_counts = st.sampled_from(sorted(SHARD_KEYS))


def subtask(key, parallelism):
    """Return the subtask to which Flink sends a key."""
    return int(row_key_groups(np.array([key]))[0]) * parallelism // MAX_PARALLELISM


@pytest.mark.parametrize("shards", sorted(SHARD_KEYS))
def test_a_lane_has_exactly_the_shards_of_its_subtask_at_every_parallelism(shards):
    keys = SHARD_KEYS[shards]
    for parallelism in range(1, MAX_PARALLELISM + 1):
        parts = list(Lanes(keys, parallelism).parts(np.arange(shards)))
        assert sorted(key for part in parts for key in part.shards.tolist()) == sorted(keys)
        subtasks = [subtask(part.lane, parallelism) for part in parts]
        assert len(subtasks) == len(set(subtasks))
        for part, found in zip(parts, subtasks, strict=True):
            assert {subtask(key, parallelism) for key in part.shards.tolist()} == {found}
            assert part.lane in keys, "no state is under another key than a shard's"


@given(shard_counts, st.integers(1, MAX_PARALLELISM), st.lists(st.integers(0, 2**20), max_size=60))
def test_each_row_is_in_its_shards_lane_once_and_in_its_sequence(shards, parallelism, drawn):
    numbers, keys = np.array(drawn, np.int64) % shards, SHARD_KEYS[shards]
    found = {}
    for part in Lanes(keys, parallelism).parts(numbers):
        for key, rows in decode_shards(encode_shards(part)):
            found[key] = part.rows[rows].tolist()
    assert found == {keys[number]: np.flatnonzero(numbers == number).tolist() for number in set(numbers.tolist())}


@given(shard_counts, st.lists(st.integers(0, 2**20), max_size=60))
def test_shards_are_numbered_as_their_keys_are_listed(shards, drawn):
    numbers = np.array(drawn, np.int64) % shards
    keys = np.array(SHARD_KEYS[shards])[numbers]
    assert Lanes(SHARD_KEYS[shards], 1).numbers_of(keys).tolist() == numbers.tolist()


def test_keys_in_another_sequence_than_their_key_groups_are_refused():
    with pytest.raises(ValueError, match="shard_keys: expected keys in the sequence"):
        Lanes(SHARD_KEYS[4][::-1], 2)

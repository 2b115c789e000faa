"""The keys of the shards against Flink's own hashes, through PyFlink's gateway: a JVM, but no cluster."""

from collections import Counter

import pytest

from jobs.flink_hash import MAX_PARALLELISM, text_hash
from jobs.shards import SHARD_KEYS

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def key_groups():
    """Return a function that returns the key groups of a key: in SQL's exchange, and in the operator's."""
    from pyflink.java_gateway import get_gateway

    gateway = get_gateway()
    flink = gateway.jvm.org.apache.flink
    group_of = flink.runtime.state.KeyGroupRangeAssignment.assignToKeyGroup
    binary = flink.table.data.binary.BinaryRowData(1)
    writer = flink.table.data.writer.BinaryRowWriter(binary)
    fields = gateway.new_array(gateway.jvm.Object, 1)

    def groups(key: int) -> tuple[int, int]:
        writer.reset()
        writer.writeInt(0, key)
        writer.complete()
        fields[0] = key
        row = flink.types.Row.of(fields)
        return group_of(binary, MAX_PARALLELISM), group_of(row, MAX_PARALLELISM)

    return groups


@pytest.mark.parametrize(("shards", "keys"), SHARD_KEYS.items())
def test_shard_is_in_its_part_of_the_key_groups_in_both_exchanges(key_groups, shards, keys):
    width = MAX_PARALLELISM // shards
    for shard, key in enumerate(keys):
        for group in key_groups(key):
            assert shard * width <= group < (shard + 1) * width, (shard, key)


@pytest.mark.parametrize("parallelism", [1, 2, 4])
@pytest.mark.parametrize("shards", [shards for shards in SHARD_KEYS if shards >= 4])
def test_all_subtasks_have_the_same_number_of_shards(key_groups, shards, parallelism):
    groups = [key_groups(key) for key in SHARD_KEYS[shards]]
    for exchange in zip(*groups, strict=True):
        # The subtask of a key group, as KeyGroupRangeAssignment.computeOperatorIndexForKeyGroup has it.
        counts = Counter(group * parallelism // MAX_PARALLELISM for group in exchange)
        assert counts == dict.fromkeys(range(parallelism), shards // parallelism)


def test_hash_of_a_customer_is_that_of_sql():
    from pyflink.java_gateway import get_gateway

    texts = get_gateway().jvm.org.apache.flink.table.data.binary.BinaryStringData
    names = ["", "a", "abcd", "c2-00251", "z\u00fcrich", "\u4e2d\u6587", "\U0001f600x", "\u00ff" * 7, "x" * 1_000]
    assert [text_hash(name) for name in names] == [texts.fromString(name).hashCode() for name in names]

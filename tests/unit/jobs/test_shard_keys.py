"""Keys of the shards."""

import numpy as np
import pytest

from jobs.flink_hash import MAX_PARALLELISM, text_hash
from jobs.shards import BUCKETS, SHARD_KEYS, customer_bucket, entity_buckets, partition_sql, shard_sql


@pytest.mark.parametrize("shards", SHARD_KEYS)
def test_number_of_shards_is_a_power_of_two_that_divides_the_key_groups(shards):
    assert shards.bit_count() == 1
    assert MAX_PARALLELISM % shards == 0


@pytest.mark.parametrize(("shards", "keys"), SHARD_KEYS.items())
def test_each_shard_has_a_distinct_key_that_fits_an_int(shards, keys):
    assert len(keys) == len(set(keys)) == shards
    assert all(0 <= key < 2**31 for key in keys)


@pytest.mark.parametrize(("shards", "keys"), SHARD_KEYS.items())
def test_sql_picks_from_the_keys_by_a_hash_that_is_never_negative(shards, keys):
    sql = shard_sql("customer_id", shards)
    array, index = sql.split("][")
    assert array == f"ARRAY[{', '.join(map(str, keys))}"
    # The same arithmetic with Java's MOD, which keeps the sign, on the hashes at the edges.
    for hash_code in (-(2**31), -1, 0, 1, 2**31 - 1):
        java_mod = abs(hash_code) % shards * (1 if hash_code >= 0 else -1)
        assert 0 <= (java_mod + shards) % shards < shards
    assert index == f"1 + MOD(MOD(HASH_CODE(COALESCE(customer_id, '')), {shards}) + {shards}, {shards})]"


@pytest.mark.parametrize(("shards", "keys"), SHARD_KEYS.items())
def test_partitions_are_spread_over_the_shard_keys(shards, keys):
    assert partition_sql("p", shards) == f"ARRAY[{', '.join(map(str, keys))}][1 + MOD(p, {shards})]"


KEYS_OF_EARLIER_VERSIONS = {
    1: (0,),
    2: (4, 2),
    4: (4, 11, 44, 3),
    8: (57, 4, 13, 15, 46, 80, 108, 20),
    16: (57, 68, 4, 40, 13, 281, 569, 1193, 100, 947, 483, 501, 445, 108, 20, 115),
    32: (
        460, 182, 2449, 579, 5, 36, 160, 200, 766, 123, 281, 3710, 569, 909, 1242, 2052,
        100, 526, 6944, 947, 4064, 483, 1577, 741, 445, 577, 818, 1468, 20, 118, 1197, 115,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("shards", "keys"), KEYS_OF_EARLIER_VERSIONS.items())
def test_computed_keys_are_those_that_savepoints_have(shards, keys):
    assert SHARD_KEYS[shards] == keys


def test_there_are_shards_up_to_the_number_of_key_groups():
    assert max(SHARD_KEYS) == MAX_PARALLELISM
    assert 3 not in SHARD_KEYS


@pytest.mark.parametrize("shards", SHARD_KEYS)
def test_a_bucket_belongs_to_one_shard_of_any_number(shards):
    """So an export by buckets can be read by shards of another number."""
    names = [f"c{number}" for number in range(500)]
    hashes = np.random.default_rng(1).integers(0, 1 << 64, 500, np.uint64)
    assert BUCKETS % shards == 0
    for bucket, name in zip(map(customer_bucket, names), names, strict=True):
        assert bucket % shards == customer_bucket(name) % shards
    assert (entity_buckets(hashes) % np.uint64(shards) == (hashes >> np.uint64(7)) % np.uint64(shards)).all()


@pytest.mark.parametrize(
    ("text", "hash_code"),
    [("", 0), ("000002", 1420005890), ("000026", 1420005956), ("c2-00251", 795804368), ("\u4e2d\u6587", 646394)],
)
def test_hash_of_a_customer_is_that_of_sql(text, hash_code):
    """The numbers are those that Flink's HASH_CODE gave."""
    assert text_hash(text) == hash_code

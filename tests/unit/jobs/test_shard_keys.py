import pytest

from jobs.shards import MAX_PARALLELISM, SHARD_KEYS, lane_sql, shard_sql


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
    assert lane_sql("p", shards) == f"ARRAY[{', '.join(map(str, keys))}][1 + MOD(p, {shards})]"

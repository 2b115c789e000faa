import pytest

from jobs.shards import MAX_PARALLELISM, SHARD_KEYS, leading_shards, shard_sql


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


@pytest.mark.parametrize(
    ("shards", "parallelism", "leading"),
    [(2, 1, (4,)), (2, 2, (4, 2)), (4, 2, (4, 44)), (8, 2, (57, 46)), (4, 3, (4, 11, 44, 3))],
)
def test_first_shard_of_each_subtask_leads_and_all_do_where_subtasks_differ(shards, parallelism, leading):
    assert leading_shards(shards, parallelism) == leading

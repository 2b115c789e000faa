"""The shards of the customers: what the state is keyed by.

A customer belongs to shard hash(customer_id) mod N. Each shard is known by a key that Flink's two
exchanges (SQL's GROUP BY hashes a BinaryRowData, the operator's key_by a Row) send to the same
subtask, shard i of N to key groups i * 128 / N and on: so the shards spread evenly at every
parallelism that divides N. Keys found by trying 0, 1, 2, ... with both of Flink's hashes;
tests/integration checks them against Flink.
"""

MAX_PARALLELISM = 128

SHARD_KEYS: dict[int, tuple[int, ...]] = {
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


def shard_sql(column: str, shards: int) -> str:
    """Return the SQL expression for the key of the shard that the customer in `column` belongs to.

    A null customer goes to the shard of the empty name: its record is a dead letter there.
    """
    keys = ", ".join(map(str, SHARD_KEYS[shards]))
    # MOD keeps the sign of a negative hash, so it is applied twice.
    index = f"MOD(MOD(HASH_CODE(COALESCE({column}, '')), {shards}) + {shards}, {shards})"
    return f"ARRAY[{keys}][1 + {index}]"


def lane_sql(column: str, shards: int) -> str:
    """Return the SQL expression for the shard key under which the records of the partition in `column` go."""
    return f"ARRAY[{', '.join(map(str, SHARD_KEYS[shards]))}][1 + MOD({column}, {shards})]"

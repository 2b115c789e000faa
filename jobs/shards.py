"""The shards of the customers, and of their merchants and devices: what the state is keyed by.

A customer belongs to shard hash(customer_id) mod N, an entity to shard hash mod N of its own. Each shard is known by
the smallest key that Flink's two exchanges (SQL's GROUP BY hashes a BinaryRowData, the operator's key_by a Row) send
to the same subtask, shard i of N to key groups i * 128 / N and on: so the shards spread evenly at every parallelism
that divides N. tests/integration checks the keys against Flink.
"""

from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from jobs.flink_hash import MAX_PARALLELISM, row_key_groups, sql_key_groups, text_hash

BUCKETS = 128
"""Parts of the customers, and of the entities, of which a shard of any number of shards has whole ones.

Each number of shards divides it: bucket b belongs to shard b mod N.
"""

_UNUSED_BITS = 7  # of an entity's hash: the lowest ones choose its slot in hash tables
_TRIED_KEYS = 1 << 17


@cache
def _keys(shards: int) -> tuple[int, ...]:
    tried = np.arange(_TRIED_KEYS)
    width = MAX_PARALLELISM // shards
    by_sql, by_row = sql_key_groups(tried) // width, row_key_groups(tried) // width
    fitting = np.flatnonzero(by_sql == by_row)
    found, first = np.unique(by_sql[fitting], return_index=True)
    if len(found) != shards:
        raise RuntimeError(f"expected a key of each of {shards} shards below {_TRIED_KEYS}, got {len(found)}")
    return tuple(fitting[first].tolist())


class _ShardKeys(Mapping[int, tuple[int, ...]]):
    """Keys by number of shards, computed when they are needed."""

    _counts = (1, 2, 4, 8, 16, 32, 64, 128)

    def __getitem__(self, shards: int) -> tuple[int, ...]:
        if shards not in self._counts:
            raise KeyError(shards)
        return _keys(shards)

    def __iter__(self) -> Iterator[int]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __contains__(self, shards: object) -> bool:
        return shards in self._counts


SHARD_KEYS: Mapping[int, tuple[int, ...]] = _ShardKeys()
"""Keys of the shards, by their number."""


def customer_bucket(customer_id: str) -> int:
    """Return the bucket of a customer, whose shard `shard_sql` gives."""
    return text_hash(customer_id) % BUCKETS


def entity_buckets(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the bucket of each of n entities by their hashes, (n,) uint64."""
    found: NDArray[np.uint64] = (keys >> np.uint64(_UNUSED_BITS)) % np.uint64(BUCKETS)
    return found


def shard_sql(column: str, shards: int) -> str:
    """Return the SQL expression for the key of the shard that the customer in `column` belongs to.

    A null customer goes to the shard of the empty name: its record is a dead letter there.
    """
    keys = ", ".join(map(str, SHARD_KEYS[shards]))
    return f"ARRAY[{keys}][1 + {index_sql(column, shards)}]"


def index_sql(column: str, shards: int) -> str:
    """Return the SQL expression for the number of that shard, from 0 on."""
    # MOD keeps the sign of a negative hash, so it is applied twice.
    return f"MOD(MOD(HASH_CODE(COALESCE({column}, '')), {shards}) + {shards}, {shards})"


def partition_sql(column: str, shards: int) -> str:
    """Return the SQL expression for the shard key under which the records of the partition in `column` go."""
    return f"ARRAY[{', '.join(map(str, SHARD_KEYS[shards]))}][1 + MOD({column}, {shards})]"

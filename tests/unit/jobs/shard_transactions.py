"""Transactions of one shard."""

from jobs.shards import SHARD_KEYS
from producers.encoding import encode_transactions
from schemas.registry import FileRegistry
from tests.unit.training.histories import history

SHARD, OTHER_SHARD = SHARD_KEYS[2]
ROWS, SIZE = 400, 50


def transactions(rows: int = ROWS) -> list[tuple[str, bytes]]:
    table = history().slice(0, rows)
    return [((key or b"").decode(), value) for key, value in encode_transactions(table, FileRegistry(), "t-value")]

"""Entities of several shards in one subtask."""

import numpy as np
import pytest

from jobs.operators import label_log
from jobs.record_types import LABELS, STAMP_SHIFT, TRANSACTIONS
from jobs.shards import SHARD_KEYS, customer_bucket
from tests.batches import LABELS as LABEL_KIND
from tests.batches import TRANSACTIONS as TRANSACTION_KIND
from tests.records import NOON_MS, label, transaction
from tests.unit.jobs.operator_in_memory import OperatorInMemory
from tests.unit.training.histories import customer_folder

SHARDS, ROWS, SIZE = 8, 120, 30


def numbered(make, row):
    names = {"customer_id": f"c{row % 11}", "merchant_id": f"m{row % 7}", "device_id": f"d{row % 5}"}
    return make(row, **names)


def micro_batch(kind, make, codec, rows):
    """Return a micro-batch of a kind of record, those of one customer shard."""
    records = [numbered(make, row) for row in rows]
    keys = [record["customer_id"] for record in records]
    stamps = [(NOON_MS // 1000 << STAMP_SHIFT) + SHARD_KEYS[SHARDS][customer_bucket(key) % SHARDS] for key in keys]
    return kind, keys, [codec.encode(record) for record in records], list(rows), stamps


def run(parallelism):
    """Send transactions of all shards, and then their labels, again and again; return the operators."""
    operator = OperatorInMemory(customer_folder(), shards=SHARDS, parallelism=parallelism)
    for begin in range(0, ROWS, SIZE):
        rows = range(begin, begin + SIZE)
        for index, key in enumerate(SHARD_KEYS[SHARDS]):
            mine = [row for row in rows if customer_bucket(f"c{row % 11}") % SHARDS == index]
            if mine:
                operator.context.key = key
                operator.process(micro_batch(TRANSACTIONS, transaction, TRANSACTION_KIND.codec, mine))
        operator.process(micro_batch(LABELS, label, LABEL_KIND.codec, rows))
    return operator


@pytest.mark.parametrize("parallelism", [2, 3, SHARDS])
def test_state_and_scores_are_the_same_however_the_shards_are_spread(parallelism, monkeypatch):
    monkeypatch.setattr(label_log, "MAX_ENTRIES", 0)
    one, other = run(1), run(parallelism)
    assert len(one.scores) == ROWS
    assert other.scores == one.scores
    assert other.context.entities.stored() == one.context.entities.stored()
    offsets = one.context.entities.stored()["entity_label_offsets"]
    assert set(offsets) == set(SHARD_KEYS[SHARDS // 2]), "labels of all entity shards"
    assert max(int(np.frombuffer(raw, np.int64).max()) for raw in offsets.values()) == ROWS
    assert sum(map(len, one.context.stored()["customer_labels"].values())) == 11, "labels of all customers"
    assert one.context.stored()["customer_labels"] == other.context.stored()["customer_labels"]

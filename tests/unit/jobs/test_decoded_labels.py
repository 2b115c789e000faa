"""Labels on their way from their topic to the shards that know them."""

from collections import defaultdict

import numpy as np
import pytest

from jobs.flink_hash import MAX_PARALLELISM, row_key_groups
from jobs.operators import label_log
from jobs.operators.decode_batch import EVENTS
from jobs.operators.label_blobs import decode_customer_labels, decode_entity_labels
from jobs.record_types import CUSTOMER_LABELS, ENTITY_LABELS, LABELS, REJECTED_LABELS, STAMP_SHIFT
from jobs.shards import SHARD_KEYS
from tests.batches import LABELS as LABEL_KIND
from tests.records import NOON_MS, label
from tests.unit.jobs.operator_in_memory import OperatorInMemory
from tests.unit.training.histories import customer_folder


def subtask(key, parallelism):
    """Return the subtask to which Flink sends a key."""
    return int(row_key_groups(np.array([key]))[0]) * parallelism // MAX_PARALLELISM


def decoded(records, shards, parallelism=1):
    """Yield what DecodeBatch emits for labels whose customers are on shards of a job: (to entities?, lane, row)."""
    keys = SHARD_KEYS[shards]
    operator = OperatorInMemory(customer_folder(), shards=shards, parallelism=parallelism)
    stamps = [(NOON_MS // 1000 << STAMP_SHIFT) + keys[row % shards] for row in range(len(records))]
    payloads = [LABEL_KIND.codec.encode(record) for record in records]
    batch = (LABELS, [record["customer_id"] for record in records], payloads, list(range(len(records))), stamps)
    operator._decoding_context.key = keys[0]
    for item in operator._decoding.process_element(batch, operator._decoding_context):
        to_entities = isinstance(item, tuple) and item[0] is EVENTS
        lane, row = item[1] if to_entities else item
        yield to_entities, lane, row


@pytest.mark.parametrize(("shards", "parallelism"), [(1, 1), (2, 1), (8, 2), (8, 3), (8, 8)])
def test_each_label_goes_to_its_customers_shard_and_to_one_shard_of_its_merchant_alone(shards, parallelism):
    records = [label(number, merchant_id=f"m{number % 5}", device_id=None) for number in range(40)]
    customers, entities, lanes = {}, {}, []
    for to_entities, lane, (kind, _, (payload,), _, _) in decoded(records, shards, parallelism):
        lanes.append((to_entities, lane))
        if to_entities:
            assert kind == ENTITY_LABELS
            for shard, found, positions in decode_entity_labels(payload):
                assert subtask(shard, parallelism) == subtask(lane, parallelism)
                entities[shard] = dict(zip(positions.tolist(), found["key"].tolist(), strict=True))
        else:
            assert kind == CUSTOMER_LABELS
            for shard, (labels, positions, payloads) in decode_customer_labels(payload):
                assert subtask(shard, parallelism) == subtask(lane, parallelism)
                customers[shard] = dict(zip(positions.tolist(), labels.customers, strict=True))
                assert payloads.to_pylist() == [LABEL_KIND.codec.encode(records[row]) for row in positions.tolist()]
    assert len(lanes) == len(set(lanes)) <= 2 * parallelism, "one blob for each subtask of the two operators"
    assert {shard: sorted(rows) for shard, rows in customers.items()} == {
        key: list(range(index, 40, shards)) for index, key in enumerate(SHARD_KEYS[shards])
    }
    for rows in customers.values():
        assert all(records[row]["customer_id"] == customer for row, customer in rows.items())
    assert set(entities) <= set(SHARD_KEYS[max(1, shards // 2)])
    assert sorted(row for rows in entities.values() for row in rows) == list(range(40))
    by_key = {key: {row % 5 for rows in entities.values() for row in rows if rows[row] == key} for rows in
              entities.values() for key in rows.values()}  # fmt: skip
    assert sorted(map(sorted, by_key.values())) == [[number] for number in range(5)], "one key for each merchant"


def test_a_label_goes_to_one_shard_of_its_device_too():
    records = [label(number, merchant_id="m", device_id=f"d{number % 3}") for number in range(40)]
    shards, rows = defaultdict(set), defaultdict(list)
    for to_entities, _, (_, _, (payload,), _, _) in decoded(records, 8):
        if to_entities:
            for shard, found, positions in decode_entity_labels(payload):
                for key, row in zip(found["key"].tolist(), positions.tolist(), strict=True):
                    shards[key].add(shard)
                    rows[key].append(row)
    assert all(len(mine) == 1 for mine in shards.values())
    assert sorted(rows.values()) == sorted([list(range(40)), *(list(range(n, 40, 3)) for n in range(3))])


def test_rejected_labels_go_to_the_shard_of_their_batch_with_their_bytes():
    records = [label(0), label(1, amount_minor=-1), label(2)]
    rejected = [(shard, row) for _, shard, row in decoded(records, 2) if row[0] == REJECTED_LABELS]
    ((shard, (_, keys, payloads, positions, _)),) = rejected
    assert (shard, keys, positions) == (SHARD_KEYS[2][0], [records[1]["customer_id"]], [1])
    assert payloads[0] == LABEL_KIND.codec.encode(records[1])


def test_a_label_reaches_its_customer_and_its_merchant_wherever_they_are(monkeypatch):
    monkeypatch.setattr(label_log, "MAX_ENTRIES", 0)
    operator = OperatorInMemory(customer_folder(), shards=8)
    records = [(item["customer_id"], LABEL_KIND.codec.encode(item)) for item in (label(row) for row in range(30))]
    operator.send(LABELS, records, shard=SHARD_KEYS[8][3], time_ms=NOON_MS)
    assert sum(map(len, operator.context.stored()["customer_labels"].values())) == len({key for key, _ in records})
    offsets = operator.context.entities.stored()["entity_label_offsets"]
    assert max(np.frombuffer(raw, np.int64).tolist() for raw in offsets.values()) == [30]

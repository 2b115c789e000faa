"""Handlers by record kind."""

from jobs import record_types
from jobs.shards import SHARD_KEYS
from tests.unit.jobs.operator_in_memory import OperatorInMemory
from tests.unit.training.histories import customer_folder

SHARD = SHARD_KEYS[2][0]
KINDS = (
    "REJECTED_LABELS", "DEPLOYMENT", "RULES", "SNOOZE", "KNOWN", "LIST_ENTRIES", "DECODED", "ENTITY_REPLY",
)  # fmt: skip
OF_OTHERS = (
    "TRANSACTIONS", "LABELS", "QUERIES", "ENTITY_EVENTS", "QUERIED_ENTITIES", "ENTITY_LABELS", "CUSTOMER_LABELS",
)  # fmt: skip
"""Of the other operators, and of all shards of a subtask at once."""


def test_every_record_kind_has_a_handler():
    operator = OperatorInMemory(customer_folder())
    operator.context.key = SHARD
    operator.process((record_types.KNOWN, [""], [b""], [0], [0]))
    handled = {getattr(record_types, name) for name in KINDS}
    assert operator.operator._shards[SHARD]._handlers.keys() == handled
    assert handled | {getattr(record_types, name) for name in OF_OTHERS} == set(range(len(KINDS) + len(OF_OTHERS)))

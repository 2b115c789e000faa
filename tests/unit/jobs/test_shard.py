from jobs import record_types
from jobs.shards import SHARD_KEYS
from tests.unit.jobs.operator_in_memory import OperatorInMemory
from tests.unit.training.histories import artifact_folder

SHARD = SHARD_KEYS[2][0]
KINDS = (
    "TRANSACTIONS", "LABELS", "SAME_LABELS", "DEPLOYMENT", "QUERIES", "RULES", "SNOOZE", "KNOWN", "LIST_ENTRIES",
)  # fmt: skip


def test_every_record_kind_has_a_handler():
    operator = OperatorInMemory(artifact_folder())
    operator.context.key = SHARD
    operator.process((record_types.KNOWN, [""], [b""], [0], [0]))
    kinds = {value for value in vars(record_types).values() if type(value) is int} & set(range(len(KINDS)))
    assert operator.operator._shards[SHARD]._handlers.keys() == {getattr(record_types, name) for name in KINDS} == kinds

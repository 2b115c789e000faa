"""Names of the state handles."""

from typing import cast

from pyflink.datastream import RuntimeContext

from jobs.operators.declared_state import open_entity_state
from jobs.operators.entity_state import EntityState
from jobs.operators.shard_state import ShardState
from models.declared.declared_features import aggregates_of
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.operator_in_memory import Context
from tests.unit.training.aggregate_histories import declaration as aggregates
from tests.unit.training.declared_histories import declaration as columns

DECLARED = {
    *(f"declared_{part}" for part in range(16)), *(f"declared_log_{part}" for part in range(8)),
    "declared_next_sequence", "declared_expire_on",
}  # fmt: skip


def test_state_names_are_those_of_savepoints():
    context = Context()
    ShardState(cast("RuntimeContext", context), "thread")
    assert set(context.states) == {
        "histories", *(f"histories_{part}" for part in range(16)), *(f"history_log_{part}" for part in range(8)),
        "next_history_entry", "merchant_labels", "customer_labels", "label_log", "label_offsets", "due",
        "merchants_due", "observation", "deployment", "wanted_deployment", "rules", "wanted_rules", "snoozes",
        "list_entries", "begun",
    }  # fmt: skip


ENTITIES = {
    *(f"entities_{part}" for part in range(16)), *(f"event_log_{part}" for part in range(8)),
    *(f"entity_labels_{part}" for part in range(4)),
    "next_sequence", "entities_expire_on", "entity_label_log", "entity_label_offsets",
}  # fmt: skip


def test_state_of_entities_has_the_names_that_savepoints_know():
    context = Context()
    EntityState(cast("RuntimeContext", context), "thread")
    assert set(context.states) == ENTITIES


def test_declared_features_add_handles_and_jobs_without_them_have_none():
    for declaration, own in ((None, set()), (columns(), set()), (aggregates(), DECLARED)):
        context = Context()
        config = job_config(declaration=None if declaration is None else declaration.to_dict())
        open_entity_state(cast("RuntimeContext", context), config.mode, aggregates_of(config.declared))
        assert set(context.states) == ENTITIES | own

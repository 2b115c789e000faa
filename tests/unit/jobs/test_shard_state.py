"""Names of the state handles."""

from typing import cast

from pyflink.datastream import RuntimeContext

from jobs.operators.entity_state import EntityState
from jobs.operators.shard_state import ShardState
from tests.unit.jobs.operator_in_memory import Context


def test_state_names_are_those_of_savepoints():
    context = Context()
    ShardState(cast("RuntimeContext", context), "thread")
    assert set(context.states) == {
        "histories", *(f"histories_{part}" for part in range(16)), *(f"history_log_{part}" for part in range(8)),
        "next_history_entry", "merchant_labels", "customer_labels", "label_log", "label_offsets", "due",
        "merchants_due", "observation", "deployment", "wanted_deployment", "rules", "wanted_rules", "snoozes",
        "list_entries", "begun",
    }  # fmt: skip


def test_state_of_entities_has_the_names_that_savepoints_know():
    context = Context()
    EntityState(cast("RuntimeContext", context), "thread")
    assert set(context.states) == {
        *(f"entities_{part}" for part in range(16)), *(f"event_log_{part}" for part in range(8)),
        *(f"entity_labels_{part}" for part in range(4)),
        "next_sequence", "entities_expire_on", "entity_label_log", "entity_label_offsets",
    }  # fmt: skip

"""Keyed state of the scoring operator."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from pyflink.common import Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from jobs.job_config import Mode
from jobs.operators.event_log import LOG_SEGMENTS
from jobs.operators.history_map import HistoryMap
from jobs.operators.map_state import put_all
from jobs.operators.state_routes import Route, Routes, StateRoute
from models.features.history import newest_event_time_ms
from models.features.label_record import newest_label_time_ms

SHARD_ROUTES: Routes = MappingProxyType(
    {
        "histories": StateRoute(Route.CUSTOMER, "expires_on", newest_event_time_ms),
        "former_histories": StateRoute(Route.NONE),
        "history_log": StateRoute(Route.NONE),
        "next_history_entry": StateRoute(Route.NONE),
        "merchant_labels": StateRoute(Route.NONE),
        "customer_labels": StateRoute(Route.CUSTOMER, "expires_on", newest_label_time_ms),
        "label_log": StateRoute(Route.NONE),
        "label_offsets": StateRoute(Route.MAXIMUM),
        "expires_on": StateRoute(Route.NONE),
        "merchants_expire_on": StateRoute(Route.NONE),
        "observation": StateRoute(Route.NONE),
        "deployment": StateRoute(Route.EVERY_SHARD),
        "pending_deployment": StateRoute(Route.EVERY_SHARD),
        "rules": StateRoute(Route.EVERY_SHARD),
        "pending_rules": StateRoute(Route.EVERY_SHARD),
        "snoozes": StateRoute(Route.CUSTOMER),
        "list_entries": StateRoute(Route.EVERY_SHARD),
        "begun": StateRoute(Route.EVERY_SHARD),
    }
)
"""Routes of the handles of `ShardState`."""


BUCKETS = 16
"""Parts of the histories, which are written and copied one after the other. RocksDB has a column family for each."""


class StateAccessError(RuntimeError):
    """Flink's state could not be read: no record's fault, so the task fails and starts again."""


class ShardState:
    """Keyed state of the scoring operator; each handle gives the current shard's part, and lives as long as the job.

    All of it is bytes, and each kind says its own version.

    Attributes
    ----------
    histories : HistoryMap
        Every customer's transactions, except for those in the log.
    former_histories : MapState of customer_id to `encode_history`
        Histories of earlier versions, which are moved.
    history_log : list of MapState of number to `LoggedTransactions.encode`
        Segments of the log of transactions added since the histories were written, see `EventLog`.
    next_history_entry : ValueState of a number
        Number of the next entry of that log, where it is empty.
    customer_labels : MapState of customer_id to `encode_labels`
        Labels of this shard's customers, except for those in the log.
    label_log : MapState of number to `LabelBatch.encode`
        Labels learned since those were written.
    label_offsets : ValueState of `LabelOffsets`
        Next label of each partition.
    expires_on : MapState of day and number to the customers of an entry
        Day on which each customer expires unless there is news of it, see `ExpiryIndex`.
    merchant_labels, merchants_expire_on : MapState
        State of earlier versions, which is removed.
    observation : ValueState of `Accumulator.encode`
        The drift signals' unfinished means, and when the last part was sent.
    deployment, pending_deployment : ValueState of the control topic's payload
        Deployment in service, and its replacement once it is loaded, see `ShardModels`.
    rules, pending_rules : ValueState of the control topic's payload
        The rule book in force, and its replacement once it is read, see `ShardRules`.
    snoozes : MapState of customer_id to the control topic's payload
        Snoozes of this shard's customers, see `ShardSnoozes`.
    list_entries : MapState of list and value to `ReadEntry.encode`
        Entries of lists that are records of their own, see `ShardLists`.
    begun : ValueState of one byte
        Whether the state has the records that the job was submitted with.
    """

    def __init__(self, context: RuntimeContext, mode: Mode) -> None:
        def by_text(name: str) -> Any:
            return context.get_map_state(MapStateDescriptor(name, Types.STRING(), Types.PICKLED_BYTE_ARRAY()))

        def by_number(name: str) -> Any:
            return context.get_map_state(MapStateDescriptor(name, Types.LONG(), Types.PICKLED_BYTE_ARRAY()))

        def one(name: str) -> Any:
            return context.get_state(ValueStateDescriptor(name, Types.PICKLED_BYTE_ARRAY()))

        self.histories = HistoryMap([by_text(f"histories_{part}") for part in range(BUCKETS)], mode)
        self.former_histories = by_text("histories")
        self.history_log = [by_number(f"history_log_{part}") for part in range(LOG_SEGMENTS)]
        self.next_history_entry = one("next_history_entry")
        self.merchant_labels = by_text("merchant_labels")
        self.customer_labels = by_text("customer_labels")
        self.label_log = by_number("label_log")
        self.label_offsets = one("label_offsets")
        self.expires_on = by_text("due")
        self.merchants_expire_on = by_text("merchants_due")
        self.observation = one("observation")
        self.deployment = one("deployment")
        self.pending_deployment = one("wanted_deployment")
        self.rules = one("rules")
        self.pending_rules = one("wanted_rules")
        self.snoozes = by_text("snoozes")
        self.list_entries = by_text("list_entries")
        self.begun = one("begun")
        self._mode = mode

    def read(self, state: Any, key: str) -> bytes | None:
        """Return what one of the maps has under a key.

        Raises
        ------
        StateAccessError
            The backend raised an error.
        """
        return read_record(state, key, repr(key))

    def put_all(self, state: Any, entries: dict[str, bytes]) -> None:
        """Put entries into one of the maps."""
        if entries:
            put_all(state, entries, self._mode)


def read_record(state: Any, key: str | int, name: str) -> bytes | None:
    """Return what a map state has under a key, whose name an error says.

    Raises
    ------
    StateAccessError
        The backend raised an error.
    """
    try:
        found: bytes | None = state.get(key)
    except Exception as error:
        raise StateAccessError(f"state of {name} can't be read: {error}") from error
    return found

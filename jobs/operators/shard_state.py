from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.common import Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from jobs.job_config import Mode
from jobs.operators.map_state import put_all


class StateAccessError(RuntimeError):
    """Flink's state could not be read: no record's fault, so the task fails and starts again."""


class ShardState:
    """The keyed state of the scoring operator: each handle is the current shard's, and lives as long as the job.

    All of it is bytes, and each kind says its own version.

    Attributes
    ----------
    histories : MapState of customer_id to `encode_history`
        Every customer's transactions.
    merchant_labels, customer_labels : MapState of id to `encode_labels`
        What is known of merchants, and of this shard's customers, but for what is in the log.
    label_log : MapState of number to `LabelBatch.encode`
        Labels learned since those two were written.
    label_offsets : ValueState of `LabelOffsets.encode`
        Which labels were learned.
    due : MapState of day and number to the customers of an entry
        When each customer is looked at again, see `ExpiryIndex`.
    merchants_due : MapState of day and number to the merchants of an entry
        The same of the merchants that labels tell of.
    observation : ValueState of `Accumulator.encode`
        The drift signals' unfinished means, and when the last part was sent.
    deployment, pending_deployment : ValueState of the control topic's payload
        Which models serve, and which are to once they are loaded, see `ShardModels`.
    rules, wanted_rules : ValueState of the control topic's payload
        The rule book in force, and the one that is to be once it is read, see `ShardRules`.
    snoozes : MapState of customer_id to the control topic's payload
        Snoozes of this shard's customers, see `ShardSnoozes`.
    list_entries : MapState of list and value to `ReadEntry.encode`
        Entries of lists that are records of their own, see `ShardLists`.
    begun : ValueState of one byte
        Whether the records that the job was submitted with were taken into the state.
    """

    def __init__(self, context: RuntimeContext, mode: Mode) -> None:
        def by_text(name: str) -> Any:
            return context.get_map_state(MapStateDescriptor(name, Types.STRING(), Types.PICKLED_BYTE_ARRAY()))

        def by_number(name: str) -> Any:
            return context.get_map_state(MapStateDescriptor(name, Types.LONG(), Types.PICKLED_BYTE_ARRAY()))

        def one(name: str) -> Any:
            return context.get_state(ValueStateDescriptor(name, Types.PICKLED_BYTE_ARRAY()))

        self.histories = by_text("histories")
        self.merchant_labels = by_text("merchant_labels")
        self.customer_labels = by_text("customer_labels")
        self.label_log = by_number("label_log")
        self.label_offsets = one("label_offsets")
        self.due = by_text("due")
        self.merchants_due = by_text("merchants_due")
        self.observation = one("observation")
        self.deployment = one("deployment")
        self.pending_deployment = one("wanted_deployment")
        self.rules = one("rules")
        self.wanted_rules = one("wanted_rules")
        self.snoozes = by_text("snoozes")
        self.list_entries = by_text("list_entries")
        self.begun = one("begun")
        self._mode = mode

    def read(self, state: Any, key: str) -> bytes | None:
        """Return what one of the maps has under a key.

        Raises
        ------
        StateAccessError
            Whatever the backend raises.
        """
        try:
            found: bytes | None = state.get(key)
        except Exception as error:
            raise StateAccessError(f"state of {key!r} can't be read: {error}") from error
        return found

    def put_all(self, state: Any, entries: dict[str, bytes]) -> None:
        """Put entries into one of the maps."""
        if entries:
            put_all(state, entries, self._mode)

    def logged_labels(self) -> Iterator[bytes]:
        """Yield the entries of the label log in order."""
        number = 0
        while (entry := self.label_log.get(number)) is not None:
            yield entry
            number += 1

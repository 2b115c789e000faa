"""Snoozes of a shard's customers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jobs.operators.record_reader import KEPT_MS, RecordReader
from models.rules.lookup import Lookup
from schemas.customer_snooze import SNOOZE_PREFIX, CustomerSnooze, snooze_problem

if TYPE_CHECKING:
    from schemas.codec import RecordCodec


class ShardSnoozes:
    """Snoozes of one shard's customers, each a control record and an entry of the state.

    Parameters
    ----------
    state : MapState of customer_id to the control topic's payload
        With this shard's key current, now and at each call.
    codec : RecordCodec
        Of the snoozes.
    """

    def __init__(self, state: Any, codec: RecordCodec) -> None:
        self._state = state
        self._reader = RecordReader(codec, CustomerSnooze.from_record, SNOOZE_PREFIX)
        self._until: dict[str, datetime] = {}
        self._lookup: Lookup | None = None
        self._changed = False
        self._newest_ms = 0

    def begin(self, first: Mapping[str, bytes]) -> None:
        """Read the state.

        Parameters
        ----------
        first : mapping of str to bytes
            Snoozes by customer that a shard without state begins with: those of other shards' customers are kept
            too, and do nothing.
        """
        for customer_id, payload in first.items():
            self._state.put(customer_id, payload)
        for customer_id in self._state.keys():  # noqa: SIM118 - no dict
            snooze, refusal = self._reader.read(customer_id, self._state.get(customer_id))
            if snooze is not None and not refusal:  # another version may read it
                self._keep(snooze)
        self._changed = True

    def apply(self, customer_id: str, payload: bytes) -> tuple[str, str]:
        """Follow a record of the control topic; of a tombstone the payload is empty.

        Returns
        -------
        tuple of str
            The record's id, empty where it has none, and why it is refused, empty where it is followed.
        """
        if not payload:
            self._end(customer_id)
            return "", ""
        snooze, refusal = self._reader.read(customer_id, payload)
        if snooze is None:
            return "", refusal
        refusal = refusal or snooze_problem(snooze)
        if refusal:
            return snooze.snooze_id, refusal
        if snooze.until is None or self._is_over(snooze.until):
            self._end(customer_id)
        else:
            self._state.put(customer_id, payload)
            self._keep(snooze)
        return snooze.snooze_id, ""

    @property
    def lookup(self) -> Lookup | None:
        """The customers that are snoozed; None where none is."""
        if self._changed:
            self._changed = False
            for customer_id in [name for name, until in self._until.items() if self._is_over(until)]:
                self._end(customer_id)
            self._changed = False
            self._lookup = Lookup([*self._until], [*self._until.values()]) if self._until else None
        return self._lookup

    def advance(self, newest_ms: int) -> None:
        """Note the event time of a batch's newest transaction: snoozes that ended long before it are removed."""
        self._newest_ms = max(self._newest_ms, newest_ms)

    def _is_over(self, until: datetime) -> bool:
        return until.timestamp() * 1000 + KEPT_MS <= self._newest_ms

    def _keep(self, snooze: CustomerSnooze) -> None:
        if snooze.until is not None:
            self._until[snooze.customer_id] = snooze.until
            self._changed = True

    def _end(self, customer_id: str) -> None:
        self._state.remove(customer_id)
        if self._until.pop(customer_id, None) is not None:
            self._changed = True

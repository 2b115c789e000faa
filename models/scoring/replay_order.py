"""Order in which events of entities are replayed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.columns import required
from models.features.hashing import hash_column
from models.scoring.positioned_records import PositionedRecords
from schemas.position import position

EVENTS_AT_ONCE = 32_768

Rows = NDArray[np.int64]


class ReplayPart(NamedTuple):
    """Events that are advanced at once.

    Parameters
    ----------
    at : slice
        Of `ReplayOrder.advanced`.
    begins : bool
        Whether they are of other entities than those before.
    entities : int
    """

    at: slice
    begins: bool
    entities: int


class ReplayOrder:
    """Order of m events of independent entities: each entity's by their recorded sequence numbers.

    Attributes
    ----------
    advanced : ndarray of int64, (a,)
        Events with a number, in their order.

    Parameters
    ----------
    transactions : PositionedRecords, n rows
    known : ndarray of bool, (n,)
        Whether a transaction has a record.
    keys : ndarray of uint64, (m,)
        Entity of each event.
    rows : ndarray of int64, (m,)
        Its transaction.
    numbers : ndarray of int64, (m,)
        Sequence number; below 0 where the transaction has a record and did not advance the entity.
    """

    def __init__(
        self,
        transactions: PositionedRecords,
        known: NDArray[np.bool_],
        keys: NDArray[np.uint64],
        rows: Rows,
        numbers: Rows,
    ) -> None:
        self._transactions, self._known = transactions, known[rows]
        self._keys, self._rows, self._numbers = keys, rows, numbers
        advanced = np.flatnonzero(self._known & (numbers >= 0))
        self.advanced: Rows = advanced[np.lexsort((numbers[advanced], keys[advanced]))]

    @cached_property
    def _ordered(self) -> tuple[NDArray[np.uint64], Rows]:
        return self._keys[self.advanced], self._numbers[self.advanced]

    @property
    def shared_numbers(self) -> int:
        """Events that have the number of another event of their entity, which the job never gives."""
        keys, numbers = self._ordered
        return int(((keys[1:] == keys[:-1]) & (numbers[1:] == numbers[:-1])).sum())

    def parts(self) -> Iterator[ReplayPart]:
        """Yield parts of the advanced events, of few entities at a time where that can be."""
        keys, _ = self._ordered
        first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, int)
        start = 0
        while start < len(keys):
            # A part ends with an entity where it can, so that few entities are in memory at a time.
            end = int(first[np.searchsorted(first, start + EVENTS_AT_ONCE, side="right") - 1])
            if end <= start or len(keys) - start <= EVENTS_AT_ONCE:
                end = min(start + EVENTS_AT_ONCE, len(keys))
            begins = start == 0 or keys[start] != keys[start - 1]
            yield ReplayPart(slice(start, end), bool(begins), len(np.unique(keys[start:end])))
            start = end

    def uncertain(self) -> NDArray[np.bool_]:
        """Return which of the advanced events an event of unknown number may have preceded, (a,).

        A customer's transactions reach an entity in their own sequence, so an unknown event comes after the customer's
        earlier ones there, and maybe before all others.
        """
        unknown = ~self._known
        if not unknown.any():
            return np.zeros(len(self.advanced), np.bool_)
        affected = np.unique(self._keys[unknown])
        some = np.flatnonzero(np.isin(self._keys, affected))
        bounds = self._lower_bounds(some)
        ours = unknown[some]
        entity = np.searchsorted(affected, self._keys[some][ours])
        first = np.full(len(affected), np.iinfo(np.int64).max)
        np.minimum.at(first, entity, bounds[ours])
        keys, numbers = self._ordered
        at = np.minimum(np.searchsorted(affected, keys), len(affected) - 1)
        after: NDArray[np.bool_] = (affected[at] == keys) & (numbers > first[at])
        return after

    def _lower_bounds(self, some: Rows) -> Rows:
        """Return of some events the largest known number of the customer's earlier ones at the entity, -1 for none."""
        transactions, rows, keys = self._transactions, self._rows[some], self._keys[some]
        positions = position(transactions.partitions[rows], transactions.offsets[rows])
        customers = hash_column(required(transactions.records, "customer_id"))[rows]
        order = np.lexsort((positions, customers, keys))
        levels, level = np.unique(self._numbers[some][order], return_inverse=True)
        key, customer, partition = keys[order], customers[order], transactions.partitions[rows][order]
        begins = np.ones(len(order), np.bool_)
        begins[1:] = (key[1:] != key[:-1]) | (customer[1:] != customer[:-1]) | (partition[1:] != partition[:-1])
        group = (np.cumsum(begins) - 1) * len(levels)
        bounds = np.empty(len(order), np.int64)
        bounds[order] = levels[np.maximum.accumulate(level + group) - group]
        return bounds


def of_wanted(keys: NDArray[np.uint64], is_wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of m events are of an entity that has a wanted one, (m,)."""
    found: NDArray[np.bool_] = np.isin(keys, keys[is_wanted])
    return found

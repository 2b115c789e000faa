"""Scoring and learning of one shard, between memory and state."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.operators.event_log import EventLog
from jobs.operators.expiry_index import ExpiryIndex
from jobs.operators.label_log import LabelLog
from jobs.operators.label_offsets import LabelOffsets
from jobs.operators.settled import settled
from jobs.operators.write_behind import WriteBehind
from models.features.batch import DUPLICATE, FeatureBatch
from models.features.columns import string_values
from models.features.entities.entity_inputs import EntityInputs
from models.features.history import newest_event_time_ms
from models.features.label_batch import LabelBatch
from models.features.label_record import newest_label_time_ms
from models.features.logged_transactions import LoggedTransactions
from models.features.pool import Load
from models.scoring.served_models import EnsembleScores, ServedModels
from models.scoring.transaction_scorer import ScoredBatch, TransactionScorer
from schemas.row_selection import items_of

if TYPE_CHECKING:
    from jobs.operators.shard_state import ShardState


SEGMENT_TRANSACTIONS = 10_000
"""Transactions that fill a segment of the log: a checkpoint copies the log too, so that it is to be small compared with
the histories."""

MAX_TURNOVER = 0.5
"""Customers brought into memory, as a part of those held, from which on histories are written, see `WriteBehind`."""

_MOVED_AT_ONCE = 1_000
_NUMBER = struct.Struct("<q")


class ShardScorer:
    """Scorer of one shard in memory, backed by the shard's state.

    A batch's transactions go to a log, and the histories are written later, see `WriteBehind`. A stored history says
    up to which entry it has seen the log.

    Parameters
    ----------
    key : int
        Key of the shard.
    new_scorer : callable
        Makes a TransactionScorer, given its ``load``.
    state : ShardState
        With this shard's key current, now and at each call.
    capacity : int
        Customers held in memory.
    """

    def __init__(
        self, key: int, new_scorer: Callable[[Load], TransactionScorer], state: ShardState, capacity: int = 16_384
    ) -> None:
        self.key = key
        self._state = state
        self._kept: list[ScoredBatch] = []
        max_turnover = max(1, int(MAX_TURNOVER * capacity))
        records = [(state.histories, newest_event_time_ms), (state.customer_labels, newest_label_time_ms)]
        # A history is written before so many others were read.
        self._customers = ExpiryIndex[str](state.expires_on, records, 2 * max_turnover)
        self._move_histories()
        self._forget_merchants()
        self._log = LabelLog(state.label_log)
        self._offsets = LabelOffsets(state.label_offsets)
        self._scorer = new_scorer(self._load)
        stored = state.next_history_entry.value()
        next_number = _NUMBER.unpack(stored)[0] if stored else 0
        self._writing = WriteBehind[str](
            EventLog(state.history_log, next_number=next_number, segment_events=SEGMENT_TRANSACTIONS),
            self._scorer,
            bucket=state.histories.bucket,
            store=self._store_histories,
            note_next=lambda: state.next_history_entry.update(_NUMBER.pack(self._writing.next_number)),
            max_turnover=max_turnover,
        )
        self._restore_histories()
        self._log.restore(self._learn_logged)

    def serve(self, ensemble: ServedModels) -> None:
        """Score with these models from the next batch on."""
        self._scorer.serve(ensemble)

    @property
    def label_offsets(self) -> list[int]:
        """For each partition of the labels topic the next label that is not yet known, see `schemas.label_offset`."""
        return self._offsets.values

    def score(self, records: pa.RecordBatch, entities: EntityInputs) -> ScoredBatch:
        """Score a batch of transactions in memory alone: `keep` or `revert` it next.

        Raises
        ------
        Exception
            A record made it fail: `revert` the batch.
        """
        return self._scorer.score(records, entities=entities)

    def advance(self, records: pa.RecordBatch, entities: EntityInputs) -> FeatureBatch:
        """Advance the histories, the first step of `score`: `answer` the batch once it is scored."""
        return self._scorer.advance(records, entities=entities)

    def answer(self, batch: FeatureBatch, ensemble_scores: EnsembleScores) -> ScoredBatch:
        """Add the scores of the last batch to the histories, the last step of `score`."""
        return self._scorer.answer(batch, ensemble_scores)

    def keep(self, scored: ScoredBatch) -> None:
        """Keep the changes of a batch: `store` puts them into the state."""
        self._scorer.keep()
        self._kept.append(scored)

    def revert(self, records: pa.RecordBatch) -> None:
        """Undo a batch that was not kept; those before it stay."""
        self._scorer.roll_back(string_values(records.column("customer_id")))

    def store(self, newest_event_ms: int, now_ms: int) -> None:
        """Log the transactions of the batches kept since the last call; expire silent customers.

        Parameters
        ----------
        newest_event_ms : int
            The newest event time among them, milliseconds since 1970.
        now_ms : int
            The wall clock, milliseconds since 1970. No customer expires by an event time ahead of it,
            since senders' clocks may be wrong.
        """
        kept, self._kept = self._kept, []
        customers: list[str] = []
        added = []
        for scored in kept:
            rows = np.flatnonzero(scored.ingest_status != DUPLICATE)
            customers += items_of(scored.customers, rows)
            added.append(scored.added[rows])
        if customers:
            self._writing.append(LoggedTransactions(customers, np.concatenate(added)).encode(), len(customers))
        self._expire(min(newest_event_ms, now_ms))

    def preview(self, records: pa.RecordBatch, entities: EntityInputs) -> NDArray[np.float32]:
        """Return the features that transactions would have, (n, F); nothing is stored."""
        try:
            return self._scorer.preview(records, entities=entities)
        except Exception:
            self.revert(records)
            raise

    def learn(self, labels: LabelBatch, positions: NDArray[np.int64]) -> dict[int, Exception]:
        """Learn labels and store them; return the error of each that can't be learned, by its row.

        Parameters
        ----------
        labels : LabelBatch
            n labels of the shard's customers; those that are known already are skipped.
        positions : ndarray of int64, (n,)
        """
        failed: dict[int, Exception] = {}
        new = np.flatnonzero(self._offsets.unknown(positions))
        if not len(new):
            return failed
        if len(new) < len(labels):
            labels = labels.take(new)
        for rows, error in settled(len(labels), lambda rows: self._learn(labels[rows]), self._forget_unstored):
            if error is None:
                self._store_labels(labels[rows])
            else:
                failed[int(new[rows.start])] = error
        self._offsets.note(positions[new])
        return failed

    def _learn(self, labels: LabelBatch) -> None:
        self._scorer.learn(labels)

    def _forget_unstored(self, _rows: slice) -> None:
        self._scorer.forget_labels()
        self._log.restore(self._learn_logged)

    def _learn_logged(self, entry: bytes) -> int:
        logged = LabelBatch.decode(entry)
        self._scorer.learn(logged)
        return len(logged)

    def _restore_histories(self) -> None:
        """Add the logged transactions to the histories that have not seen them."""
        first_unseen = cache(self._state.histories.first_unseen)
        for number, entry in self._writing.stored():
            customers, added = LoggedTransactions.decode(entry)
            unseen = [row for row, customer in enumerate(customers) if first_unseen(customer) <= number]
            self._scorer.restore([customers[row] for row in unseen], added[unseen])
        self._writing.resume()

    def _store_histories(self, histories: dict[str, bytes]) -> None:
        self._customers.schedule_changed(histories, newest_event_time_ms)
        self._state.histories.put_all(histories, self._writing.next_number)

    def write_all(self) -> None:
        """Write the records of all customers that changed, so that the logs are empty."""
        self._writing.write_all()
        self.write_labels()

    def _store_labels(self, labels: LabelBatch) -> None:
        if self._log.accepts(len(labels)):
            self._log.add(labels.encode(), len(labels))
        else:
            self.write_labels()

    def write_labels(self) -> None:
        """Write the records of all customers whose labels changed, so that the log is empty."""
        changed = self._scorer.pop_changed_labels()
        self._customers.schedule_changed(changed, newest_label_time_ms)
        self._state.put_all(self._state.customer_labels, changed)
        self._log.clear()

    def _expire(self, now_ms: int) -> None:
        customers = self._customers.expire(now_ms, self._scorer.awaits_storing)
        if customers:
            self._scorer.drop(customers)

    def _load(self, customer: str) -> bytes | None:
        history = self._state.read(self._state.histories, customer)
        self._writing.note_loaded()
        if history is not None:
            self._customers.remember([customer])
        return history

    def _move_histories(self) -> None:
        """Move the histories of earlier versions, which wrote each after each batch into one map."""
        former = self._state.former_histories
        found = iter(former.items())
        moved = False
        while some := dict(islice(found, _MOVED_AT_ONCE)):
            self._state.histories.put_all(some)
            moved = True
        if moved:
            former.clear()

    def _forget_merchants(self) -> None:
        """Remove the labels of merchants, which earlier versions had in every shard: the entity shards have them."""
        state = self._state
        if next(iter(state.merchant_labels.keys()), None) is None:
            return
        if not any(True for _ in state.merchants_expire_on.keys()):  # noqa: SIM118 - no dict
            # It was stored by a version that never expired labels.
            customers = list(state.customer_labels.keys())
            self._customers.backfill(name for name in customers if not state.histories.contains(name))
        state.merchant_labels.clear()
        state.merchants_expire_on.clear()

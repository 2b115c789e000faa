"""Scoring and learning of one shard, between memory and state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.operators.expiry_index import ExpiryIndex
from jobs.operators.label_log import LabelLog
from jobs.operators.label_offsets import LabelOffsets
from jobs.operators.settled import settled
from models.features.batch import FeatureBatch
from models.features.columns import string_values
from models.features.entities.entity_inputs import EntityInputs
from models.features.history import newest_event_time_ms
from models.features.label_batch import LabelBatch
from models.features.label_record import newest_label_time_ms
from models.features.pool import Load
from models.scoring.served_models import EnsembleScores, ServedModels
from models.scoring.transaction_scorer import ScoredBatch, TransactionScorer

if TYPE_CHECKING:
    from jobs.operators.shard_state import ShardState


class ShardScorer:
    """Scorer of one shard in memory, backed by the shard's state.

    Parameters
    ----------
    key : int
        Key of the shard.
    new_scorer : callable
        Makes a TransactionScorer, given its ``load``.
    state : ShardState
        With this shard's key current, now and at each call.
    """

    def __init__(self, key: int, new_scorer: Callable[[Load], TransactionScorer], state: ShardState) -> None:
        self.key = key
        self._state = state
        self._new_scorer = new_scorer
        self._ensemble: ServedModels | None = None
        self._new: list[str] = []
        self._pending: dict[str, bytes] = {}
        self._read: dict[str, bytes | None] | None = None
        labels = (state.customer_labels, newest_label_time_ms)
        self._customers = ExpiryIndex[str](state.expires_on, [(state.histories, newest_event_time_ms), labels])
        self._forget_merchants()
        self._log = LabelLog(state.label_log)
        self._offsets = LabelOffsets(state.label_offsets)
        self._scorer = self._restored()

    def serve(self, ensemble: ServedModels) -> None:
        """Score with these models from the next batch on."""
        self._ensemble = ensemble
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
        """Hold the changes of a batch until `store`; batches after it see them."""
        self._pending |= scored.changed

    def revert(self, records: pa.RecordBatch) -> None:
        """Undo a batch that was not kept; those before it stay."""
        self._scorer.roll_back(string_values(records.column("customer_id")))

    @contextmanager
    def reading_once(self) -> Iterator[None]:
        """Read each history from the state once at most, while batches are reverted repeatedly."""
        self._read = {}
        try:
            yield
        finally:
            self._read = None

    def store(self, newest_event_ms: int, now_ms: int) -> None:
        """Store the changes of the batches kept since the last call; expire silent customers.

        Parameters
        ----------
        newest_event_ms : int
            The newest event time among them, milliseconds since 1970.
        now_ms : int
            The wall clock, milliseconds since 1970. No customer expires by an event time ahead of it,
            since senders' clocks may be wrong.
        """
        changed, self._pending = self._pending, {}
        self._state.put_all(self._state.histories, changed)
        newest_ms = min(newest_event_ms, now_ms)
        # A customer with labels alone has an entry already, and one that only failed has no history.
        known, new = self._state.customer_labels, [name for name in dict.fromkeys(self._new) if name in changed]
        self._customers.schedule([name for name in new if not known.contains(name)], newest_ms)
        self._new = []
        self._expire(newest_ms)

    def preview(self, records: pa.RecordBatch, entities: EntityInputs) -> NDArray[np.float32]:
        """Return the features that transactions would have, (n, F); nothing is stored."""
        new = list(self._new)
        try:
            return self._scorer.preview(records, entities=entities)
        except Exception:
            self.revert(records)
            raise
        finally:
            self._new = new

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
        self._scorer = self._restored()

    def _restored(self) -> TransactionScorer:
        """Return a scorer that knows exactly what is stored."""
        scorer = self._new_scorer(self._load)
        if self._ensemble is not None:
            scorer.serve(self._ensemble)

        def learn(entry: bytes) -> int:
            logged = LabelBatch.decode(entry)
            scorer.learn(logged)
            return len(logged)

        self._log.restore(learn)
        return scorer

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
        customers = self._customers.expire(now_ms, self._scorer.labels_await_storing)
        if customers:
            self._scorer.drop(customers)

    def _load(self, customer: str) -> bytes | None:
        history = self._pending.get(customer) or self._stored(customer)
        if history is None:
            self._new.append(customer)
        return history

    def _stored(self, customer: str) -> bytes | None:
        histories = self._state.histories
        if self._read is None:
            return self._state.read(histories, customer)
        if customer not in self._read:
            self._read[customer] = self._state.read(histories, customer)
        return self._read[customer]

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

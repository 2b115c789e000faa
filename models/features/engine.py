"""Feature computation over customer histories."""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features import customer_facts, kernel, label_facts, label_kernel, undo_kernel
from models.features.batch import FeatureBatch
from models.features.columns import check_columns, required, string_values
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_layout import ENTITY_COLUMNS
from models.features.entities.label_layout import LABEL_COLUMNS, LABEL_WIDTH
from models.features.feature_layout import FeatureLayout
from models.features.hashing import hash_column
from models.features.history import ENTRY
from models.features.history_pool import HistoryPool
from models.features.history_undo import NO_CHANGES
from models.features.joint_mean import write_joint_mean
from models.features.label_batch import NO_LABELS, LabelBatch
from models.features.label_pool import LabelPool
from models.features.pool import Load
from models.features.risk import RiskTable
from models.features.row_columns import RowColumns, width_with
from models.features.table import FEATURES, WINDOWS
from models.features.warm_up import warm_up
from schemas.arrow_buffers import numbers
from schemas.currency import minor_units

LARGEST_BATCH = 2**24 - 1
"""A float32 holds every index up to this one, and a pending score is an index."""

_WITHIN_CUSTOMER = FeatureLayout.of(customer_facts.WINDOWED_FACTS, customer_facts.OTHER_FACTS, WINDOWS)
_OF_LABELS = FeatureLayout.of((), label_facts.CUSTOMER_FACTS, ())


class FeatureEngine:
    """Advances customers' histories by batches of transactions and writes the model's input.

    Each batch is three calls: `advance`, `remember` with the model's scores, and `keep`, or `roll_back`. Labels of the
    customers come with `advance` or by `learn`; those of entities are learned by `EntityLabels`. What changed is held
    in memory until `records` and `pop_changed_labels` give it, which may be called between batches. However a stream
    is cut into batches, x, the final scores and the encoded records are the same, bit for bit.

    What a transaction meets:

    - Late: it is described by the kept transactions before it in event time and inserted at its position;
      transactions scored already are not scored again.
    - Of the same millisecond: they do not see each other, and are kept in the order in which they came.
    - A duplicate (its transaction_id is among the customer's K kept, or among the last MAX_IDS that left them
      and at most DUPLICATE_MS, by whole minutes, before the newest kept): its features are computed, the history
      stays as it is, and its final score is the one its first occurrence had. Any other that comes again counts
      again.
    - More than K: the oldest by event time leaves the history for the tiles, a twelfth of a window each, and its
      id is kept. One that is older than all K kept goes there at once. A window
      that reaches beyond the K kept counts each tile that it overlaps as a whole: too much by at most what
      left within one tile's length before the window begins (and, for a transaction older than all K, after it
      ends).
    - Older than HORIZON_MS before it: not seen.
    - First of a customer: counts 0, the features that need an earlier transaction have their missing value.
    - No coordinates (either one): no distance, no speed, and later ones measure from the last location known.
    - No device: new_device is missing; it matches nothing.

    What a label meets:

    - It counts at transactions with event_time >= its label_time that come after it, and at no other.
    - In any order: the records are the same whichever label came first.
    - Of a transaction that has a label among the newest KEPT_LABELS + MAX_LEFT of its entity, or customer:
      the later label_time holds, of equal ones fraud; the other counts for nothing. So a duplicate changes
      nothing, and genuine after fraud takes the fraud back.
    - Of a transaction never seen: it counts like any other, as it says itself whose it is.
    - More than KEPT_LABELS of an entity or customer: the oldest leaves for totals and day tiles. A window that
      reaches beyond those kept counts each day that it overlaps as a whole. At a transaction older than a label
      that left, only days that were over count, and no totals. The newest MAX_LEFT of those that left can still
      be revoked; a second label of an older one counts again.
    - An entity or customer without a known label for HORIZON_MS has none.

    Amounts are float32 major units, by the exponent of the transaction's currency. Labels name no
    currency: their amounts count as ones of the currency of the transaction that is described.

    Parameters
    ----------
    load : callable of str to bytes or None, or None
        Asked for the encoded history of a customer that is not in memory. It must answer with what `records`
        last gave for that customer. None: no store is behind, memory is all, so it grows and is never
        emptied, and no batch can be rolled back.
    load_labels : callable of str to bytes or None, or None
        As ``load``, for the known labels of a customer, which `pop_changed_labels` gives.
    capacity : int
        Customers held in memory, see `Pool`. A batch with more makes it grow.
    category_risk, type_risk : RiskTable
        Fraud rates of merchant_category and transaction_type, from the model's artifact.
    row_columns : RowColumns, optional
        Declared columns as the model's artifact has them: their features follow those of `FEATURES` in x.
    """

    def __init__(
        self,
        *,
        load: Load | None,
        load_labels: Load | None = None,
        capacity: int = 16_384,
        category_risk: RiskTable | None = None,
        type_risk: RiskTable | None = None,
        row_columns: RowColumns | None = None,
    ) -> None:
        warm_up()
        self._pool = HistoryPool(capacity=capacity, load=load)
        self._undoable = load is not None
        self._new_labels = partial(LabelPool[str], capacity=capacity, load=load_labels)
        self._labels = self._new_labels()
        self.use_tables(category_risk or RiskTable(), type_risk or RiskTable(), row_columns)
        self._schema: pa.Schema | None = None
        self._unscored: FeatureBatch | None = None

    def use_tables(self, category_risk: RiskTable, type_risk: RiskTable, row_columns: RowColumns | None = None) -> None:
        """Use the fraud rates and declared columns of another model's artifact from the next batch on."""
        self._category_risk, self._type_risk, self._row_columns = category_risk, type_risk, row_columns
        self._width = width_with(row_columns)

    def advance(
        self,
        records: pa.RecordBatch,
        labels: LabelBatch = NO_LABELS,
        labels_before: NDArray[np.int64] | None = None,
        entities: EntityInputs | None = None,
    ) -> FeatureBatch:
        """Compute the features of a batch, each event upon those before it, and add it to the histories.

        Parameters
        ----------
        records : pyarrow.RecordBatch, n rows
            TRANSACTION_ARROW's columns, and declared ones; others are ignored; in the order of arrival.
        labels : LabelBatch
            Labels of the customers that arrive with the batch.
        labels_before : ndarray of int64, (n,), or None
            How many of ``labels`` came before each transaction; never falling. None: all came before the first.
        entities : EntityInputs of n transactions, or None
            Features of the transactions' entities. None: they are missing.

        Returns
        -------
        FeatureBatch

        Raises
        ------
        ValueError
            A column is missing, of another type, or null where it must not be; more than LARGEST_BATCH rows.
        HistoryVersionError
            A loaded record can't be read.
        RuntimeError
            The last batch's scores were not given to `remember`.
        """
        if self._unscored is not None:
            raise RuntimeError("advance: expected remember() for the last batch first, as its scores are not known")
        if self._schema is None or not records.schema.equals(self._schema):
            check_columns(records)
            self._schema = records.schema
        n = records.num_rows
        if n > LARGEST_BATCH:
            raise ValueError(f"batch: expected at most {LARGEST_BATCH} transactions, got {n}")

        transactions = hash_column(required(records, "transaction_id"))
        merchants = hash_column(required(records, "merchant_id"))
        devices = hash_column(records.column("device_id"))
        times_ms = numbers(required(records, "event_time"), np.int64)
        amounts_minor = numbers(required(records, "amount_minor"), np.int64)
        units = minor_units(records.column("currency"))
        latitudes = records.column("latitude").to_numpy(zero_copy_only=False)
        longitudes = records.column("longitude").to_numpy(zero_copy_only=False)
        category_risk = self._category_risk.of(records.column("merchant_category"))
        type_risk = self._type_risk.of(records.column("transaction_type"))
        customers = string_values(required(records, "customer_id"))

        entities = EntityInputs.missing(n) if entities is None else entities
        batch = FeatureBatch(
            x=np.empty((n, self._width), np.float32),
            first_index=np.empty(n, np.int64),
            first_score=np.empty(n, np.float32),
            entity_sequences=entities.sequences,
            entity_label_offsets=entities.label_offsets,
            ingest_status=np.empty(n, np.uint8),
            customers=customers,
            slots=self._pool.slots(customers),
            added=np.empty(n, ENTRY),
            declared_x=entities.declared_x,
        )
        batch.x[:, ENTITY_COLUMNS] = entities.x
        for index, columns in enumerate(LABEL_COLUMNS):
            batch.x[:, columns] = entities.label_x[:, index * LABEL_WIDTH : (index + 1) * LABEL_WIDTH]
        # Stored records are read before a kernel runs: the batch is added as a whole or not at all.
        if labels_before is None:
            labels_before = np.full(n, len(labels), np.int64)
        self._ingest(labels, labels_before, customers, times_ms, amounts_minor, units, batch.x)
        facts = _WITHIN_CUSTOMER
        ids = self._pool.ids.with_room_for(n)
        changes = self._pool.undo.begin(customers) if self._undoable else NO_CHANGES
        kernel.advance(
            self._pool.entries, self._pool.counts, self._pool.tiles, self._pool.tiled, self._pool.id_rows, ids,
            self._pool.changed, batch.slots,
            facts.windows_ms, facts.columns, facts.fact_indices, facts.missing,
            transactions, times_ms, amounts_minor, units, merchants, devices, latitudes, longitudes, category_risk,
            type_risk, batch.x, batch.ingest_status, batch.first_index, batch.first_score, batch.added, tuple(changes),
        )  # fmt: skip
        write_joint_mean(batch.x)
        if self._row_columns is not None:
            self._row_columns.write(records, batch.x, entities.declared_x)
        self._unscored = batch
        return batch

    def preview(self, records: pa.RecordBatch, entities: EntityInputs | None = None) -> NDArray[np.float32]:
        """Compute the features of transactions that are rolled back then: (n, F).

        Raises
        ------
        ValueError, HistoryVersionError, RuntimeError
            As `advance`.
        """
        batch = self.advance(records, entities=entities)
        self.roll_back(batch.customers)
        return batch.x

    def keep(self) -> None:
        """Keep what the batches since the last call changed: they can't be rolled back any more."""
        self._pool.undo.keep(self._pool.ids)

    def roll_back(self, customers: Sequence[str]) -> None:
        """Undo what was not kept of these customers, wherever their last `advance` or what came after it failed."""
        self._unscored = None
        pool = self._pool
        slots = pool.held(customers)
        for changes in pool.undo.newest_first():
            chosen = np.isin(changes.heads["slot"], slots)
            undo_kernel.undo(
                pool.entries, pool.counts, pool.tiles, pool.tiled, pool.id_rows, pool.ids.free, pool.ids.spans,
                pool.changed, _WITHIN_CUSTOMER.windows_ms, chosen, tuple(changes),
            )  # fmt: skip
        pool.undo.forget_undone()

    def restore(self, customers: list[str], added: NDArray[np.void]) -> None:
        """Add transactions that were added before to the histories, which are those of that time.

        Parameters
        ----------
        customers : list of str, n of them
        added : ndarray of ENTRY, (n,)
            With their final scores; no duplicates.

        Raises
        ------
        HistoryVersionError
            A loaded record can't be read.
        """
        pool, slots = self._pool, self._pool.slots(customers)
        kernel.restore(
            pool.entries, pool.counts, pool.tiles, pool.tiled, pool.id_rows, pool.ids.with_room_for(len(added)),
            pool.changed, slots, _WITHIN_CUSTOMER.windows_ms, added, tuple(NO_CHANGES),
        )  # fmt: skip

    def learn(self, labels: LabelBatch) -> None:
        """Ingest labels that arrive without transactions.

        Raises
        ------
        HistoryVersionError
            A loaded record can't be read.
        """
        nothing = np.empty(0, np.int64)
        self._ingest(labels, nothing, [], nothing, nothing, np.empty(0, np.float64), _NO_X)

    def forget_labels(self) -> None:
        """Forget all labels but those that ``load_labels`` finds."""
        self._labels = self._new_labels()

    def pop_changed_labels(self) -> dict[str, bytes]:
        """Return the known labels of each customer that changed since the last call.

        Until then they are held in memory; from then on ``load_labels`` must find them.
        """
        return self._labels.pop_changed()

    def awaits_storing(self, customer: str) -> bool:
        """Return whether `records` or `pop_changed_labels` would give a customer."""
        return self._pool.awaits_storing(customer) or self._labels.awaits_storing(customer)

    def drop(self, customers: Sequence[str]) -> None:
        """Forget customers that the stores have forgotten, and their labels; only between batches."""
        self._pool.drop(customers)
        self._labels.drop(customers)

    def _ingest(
        self,
        labels: LabelBatch,
        labels_before: NDArray[np.int64],
        customers: list[str],
        times_ms: NDArray[np.int64],
        amounts_minor: NDArray[np.int64],
        units: NDArray[np.float64],
        x: NDArray[np.float32],
    ) -> None:
        """Learn the labels and write the features of the transactions' customers' labels into ``x``."""
        pool, facts, count = self._labels, _OF_LABELS, len(labels)
        slots = pool.slots(labels.customers + customers)
        label_kernel.advance_customers(
            pool.labels, pool.counts, pool.totals, pool.tiles, pool.ledger_rows, pool.ledger.with_room_for(count),
            pool.changed, facts.columns, facts.fact_indices, facts.missing,
            slots[:count], labels.transactions, labels.label_times_ms, labels.verdicts, labels_before,
            slots[count:], times_ms, amounts_minor, units, x,
        )  # fmt: skip

    def remember(self, batch: FeatureBatch, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Keep each score with its transaction, and say which score each transaction is answered with.

        Parameters
        ----------
        batch : FeatureBatch
            Of the last `advance`.
        scores : ndarray of float32, (n,)
            The model's answer to ``batch.x``, 0 or more.

        Returns
        -------
        ndarray of float32, (n,)
            The final scores: a duplicate has the score of its first occurrence, any other its own.

        Raises
        ------
        ValueError
            ``batch`` is not the last one, or a score is negative or NaN, or of another shape.
        """
        if batch is not self._unscored:
            raise ValueError("remember: expected the batch of the last advance(), once")
        scores = np.ascontiguousarray(scores, np.float32)
        if scores.shape != (len(batch),) or not (scores >= 0).all():
            raise ValueError(f"scores: expected {len(batch)} numbers of 0 or more, got shape {scores.shape} or NaN")
        final = np.empty_like(scores)
        kernel.remember(
            self._pool.entries, self._pool.counts, self._pool.id_rows, self._pool.ids.fields[2], self._pool.ids.spans,
            batch.slots, batch.ingest_status, batch.first_index, batch.first_score, scores, final,
        )  # fmt: skip
        self._unscored = None
        return final

    def changed(self) -> list[str]:
        """Return the customers whose histories `records` would give."""
        return self._pool.changed_keys()

    def records(self, customers: Iterable[str]) -> dict[str, bytes]:
        """Return the encoded histories of those among some customers that changed since they were last given.

        Only while nothing can be rolled back; ``load`` must find them from now on.
        """
        return self._pool.take(customers)


_NO_X = np.empty((0, len(FEATURES)), np.float32)

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features import kernel
from models.features.batch import KEPT, FeatureBatch
from models.features.columns import check_columns, required, string_values
from models.features.hashing import hash_column
from models.features.pool import HistoryPool
from models.features.risk import RiskTable
from models.features.table import FEATURES, WINDOWS, Feature
from models.features.warm_up import warm_up
from schemas.arrow_buffers import numbers

LARGEST_BATCH = 2**24 - 1
"""A float32 holds every index up to this one, and a pending score is an index."""


class FeatureEngine:
    """Advances customers' histories by batches of transactions and writes the model's input.

    Each batch is three calls: `advance`, `remember` with the model's scores, and `changed`, whose bytes must
    be where ``load`` finds them before the next batch. However a stream is cut into batches, x, the final
    scores and the encoded histories are the same, bit for bit.

    What an event meets:

    - Late: it is described by the kept transactions before it in event time and inserted in its place;
    events scored
      already are not scored again.
    - Of the same millisecond: they do not see each other, and are kept in the order in which they came.
    - A duplicate (its transaction_id is in the customer's kept history): its features are computed, the
    history stays
      as it is, and its final score is the one its first occurrence had.
    - More than K: the oldest by event time is dropped; one that is older than all K kept is scored but not
    kept, so
      it can't be recognised when it comes again.
    - First of a customer: counts 0, the features that need an earlier transaction have their missing value.
    - No coordinates (either one): no distance, no speed, and later ones measure from the last place known.
    - No device: new_device is missing; it matches nothing.

    Amounts are float32 major units, amount_minor / 100 whatever the currency's exponent.

    Parameters
    ----------
    load : callable of str to bytes or None, or None
        Asked for the encoded history of a customer that is not in memory. It must answer with what `changed`
        last gave for that customer. None: no store is behind, memory is all, so it grows and is never
        emptied.
    capacity : int
        Customers held in memory; when full it is emptied. A batch with more customers makes it grow.
    category_risk, type_risk : RiskTable
        Fraud rates of merchant_category and transaction_type, from the model's artifact.
    """

    def __init__(
        self,
        *,
        load: Callable[[str], bytes | None] | None,
        capacity: int = 16_384,
        category_risk: RiskTable | None = None,
        type_risk: RiskTable | None = None,
    ) -> None:
        warm_up()
        self._pool = HistoryPool(capacity=capacity, load=load)
        self._category_risk = category_risk or RiskTable()
        self._type_risk = type_risk or RiskTable()
        self._windows_ms = np.array([window.length_ms for window in WINDOWS], np.int64)
        self._codes = np.array([fact_index(feature) for feature in FEATURES], np.int64)
        self._missing = np.array([feature.missing for feature in FEATURES], np.float32)
        self._schema: pa.Schema | None = None
        self._unscored: FeatureBatch | None = None

    def advance(self, records: pa.RecordBatch) -> FeatureBatch:
        """Compute the features of a batch, each event upon those before it, and take it into the histories.

        Parameters
        ----------
        records : pyarrow.RecordBatch, n rows
            TRANSACTION_ARROW's columns, others are ignored; in the order of arrival.

        Returns
        -------
        FeatureBatch

        Raises
        ------
        ValueError
            A column is missing, of another type, or null where it must not be; more than LARGEST_BATCH rows.
        HistoryVersionError
            A loaded history can't be read.
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
            raise ValueError(f"batch: expected at most {LARGEST_BATCH} transactions, was {n}")

        transactions = hash_column(required(records, "transaction_id"))
        merchants = hash_column(required(records, "merchant_id"))
        devices = hash_column(records.column("device_id"))
        times_ms = numbers(required(records, "event_time"), np.int64)
        amounts_minor = numbers(required(records, "amount_minor"), np.int64)
        latitudes = records.column("latitude").to_numpy(zero_copy_only=False)
        longitudes = records.column("longitude").to_numpy(zero_copy_only=False)
        category_risk = self._category_risk.of(records.column("merchant_category"))
        type_risk = self._type_risk.of(records.column("transaction_type"))
        customers = string_values(required(records, "customer_id"))

        batch = FeatureBatch(
            x=np.empty((n, len(FEATURES)), np.float32),
            first_index=np.empty(n, np.int64),
            first_score=np.empty(n, np.float32),
            fate=np.empty(n, np.uint8),
            customers=customers,
            slots=self._pool.slots(customers),
        )
        # From here on nothing can fail: the batch is taken in as a whole or not at all.
        kernel.advance(
            self._pool.entries, self._pool.counts, batch.slots, self._windows_ms, self._codes, self._missing,
            transactions, times_ms, amounts_minor, merchants, devices, latitudes, longitudes, category_risk,
            type_risk, batch.x, batch.fate, batch.first_index, batch.first_score,
        )  # fmt: skip
        self._unscored = batch
        return batch

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
            raise ValueError(f"scores: expected {len(batch)} numbers of 0 or more, was shape {scores.shape} or NaN")
        final = np.empty_like(scores)
        kernel.remember(
            self._pool.entries, self._pool.counts, batch.slots, batch.fate, batch.first_index,
            batch.first_score, scores, final,
        )  # fmt: skip
        self._unscored = None
        return final

    def changed(self, batch: FeatureBatch) -> dict[str, bytes]:
        """Encode the history of each customer that the batch changed, to be stored before the next batch.

        Parameters
        ----------
        batch : FeatureBatch
            The last one, after `remember`.

        Returns
        -------
        dict of str to bytes
            By customer_id, in the order of their first change.
        """
        kept = np.flatnonzero(batch.fate == KEPT)
        slots = batch.slots[kept]
        counts = self._pool.counts[slots].tolist()
        customers = batch.customers
        if len(kept) != len(customers):
            customers = [customers[i] for i in kept.tolist()]
        rows = dict(zip(customers, zip(slots.tolist(), counts, strict=True), strict=True))
        encode = self._pool.encode
        return {customer: encode(slot, count) for customer, (slot, count) in rows.items()}


def fact_index(feature: Feature) -> int:
    """Return the place of a feature among the kernel's facts, or raise ValueError when there is none."""
    name = feature.operation.value
    if feature.window in WINDOWS and name in kernel.WINDOWED_FACTS:
        window = WINDOWS.index(feature.window)
        return window * len(kernel.WINDOWED_FACTS) + kernel.WINDOWED_FACTS.index(name)
    if feature.window is None and name in kernel.OTHER_FACTS:
        return len(WINDOWS) * len(kernel.WINDOWED_FACTS) + kernel.OTHER_FACTS.index(name)
    raise ValueError(f"Feature {feature.name}: expected an operation of the kernel and one of WINDOWS, was {feature}")

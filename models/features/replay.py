"""Replay of a history through the feature engine."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.batch import DUPLICATE
from models.features.engine import FeatureEngine
from models.features.entities.entity_layout import FIRST_ENTITY_COLUMN
from models.features.entities.entity_tracker import DeclaredTracker, EntityTracker
from models.features.label_batch import NO_LABELS, LabelBatch
from models.features.risk import RiskTable
from models.features.row_columns import RowColumns, width_with
from models.features.table import FEATURES
from schemas.columns import TRANSACTION_ARROW, known_labels

BATCH_ROWS = 4_096


class Replayed(NamedTuple):
    """Features of n replayed rows.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
    duplicate : ndarray of bool, (n,)
        Whether the row repeats an earlier transaction.
    """

    x: NDArray[np.float32]
    duplicate: NDArray[np.bool_]


def replay_features(
    table: pa.Table,
    *,
    category_risk: RiskTable,
    type_risk: RiskTable,
    with_labels: bool = False,
    width: int = len(FEATURES),
    row_columns: RowColumns | None = None,
    declared: DeclaredTracker | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Replayed:
    """Send a history through the job's own feature engine, from empty.

    Each row's features depend on earlier rows in event time, its entities' too, and on the labels known at that time,
    as in the job.

    Parameters
    ----------
    table : pyarrow.Table, n rows
        In order of event time, with the columns of `TRANSACTION_ARROW` and declared ones; of `LABELLED_ARROW` with
        labels.
    category_risk, type_risk : RiskTable
    with_labels : bool
        Whether each label becomes known at its label_time.
    width : int
        Number of features F, the first of `FEATURES`; without entity features no entity is advanced by its events.
    row_columns : RowColumns, optional
        Declared columns, whose features follow all of `FEATURES`.
    declared : DeclaredTracker, optional
        Declared aggregates of ``row_columns``; without it they are missing.
    progress : callable of (int, int), optional
        Callback with rows done and total rows.
    """
    engine = FeatureEngine(load=None, category_risk=category_risk, type_risk=type_risk, row_columns=row_columns)
    entities = EntityTracker(with_events=width > FIRST_ENTITY_COLUMN, declared=declared)
    labels = LabelFeed(table) if with_labels else None
    width, own = (width, ()) if row_columns is None else (width_with(row_columns), row_columns.arrow.names)
    x = np.empty((len(table), width), np.float32)
    duplicate = np.empty(len(table), np.bool_)
    done = 0
    for records in table.select([*TRANSACTION_ARROW.names, *own]).combine_chunks().to_batches(max_chunksize=BATCH_ROWS):
        known, known_before = labels.before(records) if labels else (NO_LABELS, None)
        inputs = entities.advance(records, known, known_before)
        batch = engine.advance(records, known, known_before, inputs)
        # There is no score yet, but the engine waits for one before the next batch.
        engine.remember(batch, np.zeros(len(batch), np.float32))
        here = slice(done, done + len(batch))
        x[here], duplicate[here] = batch.x[:, :width], batch.ingest_status == DUPLICATE
        done += len(batch)
        if progress:
            progress(done, len(table))
    return Replayed(x, duplicate)


class LabelFeed:
    """Labels of a history, released as they become known.

    Parameters
    ----------
    table : pyarrow.Table
        With the columns of `LABELLED_ARROW`; rows without a label are skipped.
    """

    def __init__(self, table: pa.Table) -> None:
        labels = known_labels(table)
        order = np.argsort(labels["label_time"].cast(pa.int64()).to_numpy(), kind="stable")
        self._labels = LabelBatch.of(_one_batch(labels.take(pa.array(order))))
        self._released = 0

    def before(self, records: pa.RecordBatch) -> tuple[LabelBatch, NDArray[np.int64]]:
        """Return the new labels known by the last of these transactions, and their number before each.

        Parameters
        ----------
        records : pyarrow.RecordBatch
            In order of event time, none before those of the last call.

        Returns
        -------
        labels : LabelBatch
            Without those released before.
        labels_before : ndarray of int64, (len(records),)
        """
        times_ms = records.column("event_time").cast(pa.int64()).to_numpy()
        known = np.searchsorted(self._labels.label_times_ms, times_ms, side="right")
        released, self._released = self._released, max(self._released, int(known[-1]))
        return self._labels[released : self._released], known - released


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)

"""Training window of transactions whose labels are final."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import EVENT_TIME, LABELLED_ARROW, TRANSACTION_ARROW
from schemas.durations import DAY_MS
from schemas.errors import UserError
from schemas.transaction_key import transaction_keys


@dataclass(frozen=True, kw_only=True, eq=False)
class MaturedWindow:
    """Newest transactions whose labels are mature, for retraining.

    Parameters
    ----------
    table : pyarrow.Table
        In the columns of LABELLED_ARROW, n > 0 rows.
    unlabelled : int
        Transactions of the window without a label, left out.
    until_ms : int
        Event time of the newest transaction that is mature, milliseconds since 1970.
    """

    table: pa.Table
    unlabelled: int
    until_ms: int

    @property
    def frauds(self) -> int:
        """Number of frauds."""
        return int(pc.sum(self.table["is_fraud"]).as_py())


def matured_window(transactions: pa.Table, labels: pa.Table, *, days: float, horizon_days: float) -> MaturedWindow:
    """Join transactions with their labels, and cut out the newest days that are mature.

    A transaction is mature when the newest one is `horizon_days` younger, even if its label came early: frauds of the
    last days are known before the other labels, and a window with them would have too many frauds.

    Parameters
    ----------
    transactions : pyarrow.Table
        In the columns of TRANSACTION_ARROW, and declared ones after these; in any sequence.
    labels : pyarrow.Table
        In the columns of LABEL_ARROW; the latest of a transaction counts.
    days, horizon_days : float
        Length of the window, and the age at which a label counts as final.

    Raises
    ------
    UserError
        No transaction is mature, or the window has no label.
    """
    times = transactions["event_time"].cast(pa.int64())
    newest, oldest = pc.max(times).as_py(), pc.min(times).as_py()
    until = (newest or 0) - round(horizon_days * DAY_MS)
    if newest is None or oldest > until:
        raise UserError(
            f"expected transactions older than {horizon_days:g} days to train on, found none among "
            f"{len(transactions):,}. Wait, shorten retrain.horizon_days, or give older ones with --history"
        )
    inside = pc.and_(pc.less_equal(times, until), pc.greater(times, until - round(days * DAY_MS)))
    chosen = transactions.filter(inside)
    table = _labelled(chosen, labels)
    if not len(table):
        raise UserError(
            f"expected labels of the {len(chosen):,} transactions of the window, found none. Send them to the labels "
            "topic, or give a labelled file with --history"
        )
    return MaturedWindow(
        table=table, unlabelled=len(chosen) - len(table), until_ms=pc.max(table["event_time"].cast(pa.int64())).as_py()
    )


def _labelled(transactions: pa.Table, labels: pa.Table) -> pa.Table:
    """Join each transaction with its latest label; transactions without one are left out."""
    known = (
        labels.sort_by("label_time")
        .group_by(["customer_id", "transaction_id"], use_threads=False)
        .aggregate([("is_fraud", "last"), ("label_time", "last")])
    )
    index = pc.index_in(transaction_keys(transactions), transaction_keys(known).combine_chunks())
    table = transactions.append_column("is_fraud", known["is_fraud_last"].take(index))
    table = table.append_column("label_time", known["label_time_last"].take(index).cast(EVENT_TIME))
    further = [field for field in transactions.schema if field.name not in TRANSACTION_ARROW.names]
    columns = pa.schema([*LABELLED_ARROW, *further])
    return table.filter(index.is_valid()).select(columns.names).cast(columns)

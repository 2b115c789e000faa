"""Newest matured window of transactions and labels, from the topics or a file."""

import pyarrow as pa

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import require_topics
from fraudstream.readers.positioned_records import read_labels, read_transactions
from fraudstream.settings.settings import Settings
from models.training.history import Progress
from models.training.matured_window import MaturedWindow, matured_window
from models.training.time_outlier import require_no_outlier
from schemas.columns import LABELLED_ARROW, TRANSACTION_ARROW, known_labels, read_history
from schemas.declaration.with_declared import with_declared
from schemas.errors import UserError


def newest_window(settings: Settings, broker: Broker | None, progress: Progress) -> MaturedWindow:
    """Read the newest matured window: of the topics, of the file `retrain.history`, or of both together.

    Parameters
    ----------
    settings
        Section `[retrain]`, and the topics.
    broker
        None reads the file alone.
    progress
        Called with stage, done and total.

    Raises
    ------
    UserError
        There is neither, or they hold nothing to learn from.
    """
    plan = settings.retrain
    transactions, labels = [], []
    if plan.history is not None:
        older = read_history(
            plan.history.expanduser(),
            with_declared(LABELLED_ARROW, settings.declaration),
            timezone=settings.files.timezone,
            limits=settings.file_limits,
        )
        require_no_outlier(str(plan.history), older)
        transactions.append(older.select(with_declared(TRANSACTION_ARROW, settings.declaration).names))
        labels.append(known_labels(older))
    if broker is not None:
        require_topics(broker, settings.topics.transactions, settings.topics.labels)
        # Labels first: what is read of a transaction later is no younger than its labels.
        labels.append(_table(read_labels(broker).records))
        read = read_transactions(broker, None, progress=lambda done: progress("reading transactions", done, 0))
        transactions.append(_table(read.records))
    if not transactions:
        raise UserError("expected a --history without a broker, got none: there is nothing to train on")
    return matured_window(
        pa.concat_tables(transactions), pa.concat_tables(labels), days=plan.window_days, horizon_days=plan.horizon_days
    )


def _table(records: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([records])

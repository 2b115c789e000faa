"""Features and scores of a recorded history."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from models.features.batch import DUPLICATE
from models.features.replay import LabelFeed
from models.features.row_columns import names_with
from models.scoring.artifact import Artifact
from models.scoring.decision import Decision
from models.scoring.history_scorer import HistoryScorer
from models.scoring.transaction_scorer import ScoredBatch
from schemas.columns import EVENT_TIME, LABELLED_ARROW, TRANSACTION_ARROW
from schemas.transaction_fields import Reader, names_read_by

BATCH_ROWS = 4_096
_DECISIONS = pa.array([item.name for item in Decision])
_COPIED = names_read_by(Reader.INFERENCE)
_LABEL_FIELDS = [pa.field("is_fraud", pa.bool_()), pa.field("label_time", EVENT_TIME)]
"""Both null where the label is unknown."""
_FOUND_FIELDS = [
    pa.field("score", pa.float32(), nullable=False),
    pa.field("decision", pa.string(), nullable=False),
    pa.field("duplicate", pa.bool_(), nullable=False),
]


def backfill_schema(artifact: Artifact, *, with_labels: bool) -> pa.Schema:
    """Return the columns of `backfill`'s batches: of the file, what was found, a column for each feature."""
    labels = _LABEL_FIELDS if with_labels else []
    features = [pa.field(name, pa.float32(), nullable=False) for name in names_with(artifact.row_columns)]
    return pa.schema([*(TRANSACTION_ARROW.field(name) for name in _COPIED), *labels, *_FOUND_FIELDS, *features])


def history_schema(artifact: Artifact, *, with_labels: bool) -> pa.Schema:
    """Return the columns of a history that a model can score."""
    declared = () if artifact.row_columns is None else artifact.row_columns.arrow
    return pa.schema([*(LABELLED_ARROW if with_labels else TRANSACTION_ARROW), *declared])


def backfill(table: pa.Table, artifact: Artifact, *, with_labels: bool) -> Iterator[pa.RecordBatch]:
    """Yield the features and scores of a history, each based on earlier transactions and the labels known by then.

    Parameters
    ----------
    table : pyarrow.Table
        In the order of event time, with the columns of `history_schema`.
    with_labels : bool
        Whether each label is learned at its label_time, and is in the result.

    Yields
    ------
    pyarrow.RecordBatch of `backfill_schema`
        In the table's order. `duplicate` is true for a repetition, which has its first score.
    """
    schema = backfill_schema(artifact, with_labels=with_labels)
    for records, scored in score_history(table, artifact, with_labels=with_labels):
        found = [
            pa.array(scored.scores),
            _DECISIONS.take(pa.array(scored.decisions)),
            pa.array(scored.ingest_status == DUPLICATE),
            *(pa.array(np.ascontiguousarray(column)) for column in scored.x.T),
        ]
        copied = [records.column(name) for name in schema.names[: -len(found)]]
        yield pa.RecordBatch.from_arrays([*copied, *found], schema=schema)


def score_history(
    table: pa.Table, artifact: Artifact, *, with_labels: bool
) -> Iterator[tuple[pa.RecordBatch, ScoredBatch]]:
    """Yield each batch of a history with its scores by a scorer that starts empty; parameters as of `backfill`."""
    scorer = HistoryScorer(artifact)
    labels, columns = LabelFeed(table) if with_labels else None, history_schema(artifact, with_labels=False).names
    for records in table.combine_chunks().to_batches(max_chunksize=BATCH_ROWS):
        transactions = records.select(columns)
        yield (
            records,
            scorer.score(transactions, *labels.before(transactions)) if labels else scorer.score(transactions),
        )

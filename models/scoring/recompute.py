"""Recomputation of logged scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features.label_batch import LabelBatch
from models.features.row_columns import width_with
from models.scoring.artifact import Artifact
from models.scoring.entity_replay import Progress
from models.scoring.inference_sample import InferenceSample
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences
from models.scoring.replayed_inputs import ReplayedInputs
from models.scoring.transaction_scorer import ScoredBatch, TransactionScorer
from schemas.position import position

BATCH_ROWS = 4_096

Rows = NDArray[np.int64]


class Recomputed(NamedTuple):
    """Recomputed scores of a sample's n transactions.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
    scores : ndarray of float32, (n,)
    found : ndarray of bool, (n,)
        Whether the transaction lay where the sample says; where not, the rest says nothing.
    disordered : int
        Rows whose shard, or entity, knew fewer labels of some partition than at another row of fewer labels in all: the
        job never does that, and no sequence of the transactions gives both.
    uncertain : ndarray of bool, (n, E)
        See `ReplayedEntities.uncertain`; x has the logged features there.
    shared_numbers : int
        See `ReplayedEntities.shared_numbers`.
    entities : tuple of str
        Names of the E entities, those of the declaration last.
    """

    x: NDArray[np.float32]
    scores: NDArray[np.float32]
    found: NDArray[np.bool_]
    disordered: int
    uncertain: NDArray[np.bool_]
    shared_numbers: int
    entities: tuple[str, ...]


class _Plan(NamedTuple):
    """Replay of one shard: ordered transactions, and the number of labels known before each."""

    transactions: Rows
    sampled: Rows
    """Of each transaction its row in the sample, -1 for one that is only history."""
    labels: Rows
    labels_before: Rows


def recompute(
    sample: InferenceSample,
    transactions: PositionedRecords,
    labels: PositionedRecords,
    artifact: Artifact,
    recorded: RecordedSequences,
    *,
    progress: Progress | None = None,
) -> Recomputed:
    """Score a sample's transactions again, each with the history, the labels and the entities that it met then.

    A score depends on the customer's transactions before it, in the order of their partition, and on which labels
    of the customer its shard had read. Within a shard the labels read grow, so transactions come by them; those of
    different shards may be incomparable, so each shard has an engine of its own. A transaction that is not in the
    sample is only history: it comes with the labels of its customer's next one that is, as the sequence of the two is
    all that counts.
    Entities are advanced by the recorded sequence numbers, see `replay_entities`, and their labels by the recorded
    offsets, see `replay_labels`.

    Parameters
    ----------
    sample : InferenceSample, n rows
        Each position once.
    transactions : PositionedRecords
        In the columns of TRANSACTION_ARROW and of the model's declared columns, good ones alone, from the topic's
        beginning; in any order. Of the sample's
        customers all; of all customers where the sample's model reads entity features.
    labels : PositionedRecords
        In the columns of LABEL_ARROW, good ones alone, from the topic's beginning. In any order.
    progress : callable of (int, int), optional
        Callback with steps done and total steps: first entity events, then transactions.
    """
    entities = ReplayedInputs(sample, transactions, labels, artifact, recorded, progress)
    count = len(sample)
    done = Recomputed(
        x=np.zeros((count, width_with(artifact.row_columns)), np.float32),
        scores=np.zeros_like(sample.scores),
        found=np.zeros(count, np.bool_),
        disordered=0,
        uncertain=np.zeros((count, len(entities.names)), np.bool_),
        shared_numbers=entities.shared_numbers,
        entities=entities.names,
    )
    plans, disordered = [], entities.disordered
    for shard in np.unique(sample.shards):
        plan, fallen = _plan(sample, np.flatnonzero(sample.shards == shard), transactions, labels)
        plans.append(plan)
        disordered += fallen
    total, before = sum(len(plan.transactions) for plan in plans), 0
    for plan in plans:
        for batch in _replayed(plan, transactions, labels, artifact, entities):
            wanted = batch.sampled >= 0
            rows, scored = batch.sampled[wanted], batch.scored
            done.x[rows], done.scores[rows], done.found[rows] = scored.x[wanted], scored.scores[wanted], True
            done.uncertain[rows] = batch.uncertain[wanted]
            before += len(wanted)
            if progress:
                progress(before, total)
    return done._replace(disordered=disordered)


class _Batch(NamedTuple):
    """Part of a plan, scored."""

    sampled: Rows
    scored: ScoredBatch
    uncertain: NDArray[np.bool_]


def _replayed(
    plan: _Plan,
    transactions: PositionedRecords,
    labels: PositionedRecords,
    artifact: Artifact,
    entities: ReplayedInputs,
) -> Iterator[_Batch]:
    """Score the transactions of a plan."""
    scorer = TransactionScorer(artifact, load=None)
    shard_labels, given = LabelBatch.of(labels.records.take(pa.array(plan.labels))), 0
    for start in range(0, len(plan.transactions), BATCH_ROWS):
        here = slice(start, start + BATCH_ROWS)
        rows, sampled, known = plan.transactions[here], plan.sampled[here], plan.labels_before[here]
        inputs, uncertain = entities.of(rows, sampled)
        new_labels = shard_labels[given : int(known[-1])]
        records = transactions.records.take(pa.array(rows))
        yield _Batch(sampled, scorer.score(records, new_labels, known - given, entities=inputs), uncertain)
        given = int(known[-1])


def _plan(
    sample: InferenceSample, rows: Rows, transactions: PositionedRecords, labels: PositionedRecords
) -> tuple[_Plan, int]:
    """Lay out what the shard of these rows of the sample has to go through."""
    levels, level_of, disordered = _levels(sample.label_offsets[rows])
    customers = pa.array(dict.fromkeys(sample.customers[row] for row in rows.tolist()))
    code = pc.index_in(transactions.records.column("customer_id"), customers).fill_null(-1).to_numpy()
    theirs = np.flatnonzero(code >= 0)
    positions = position(transactions.partitions, transactions.offsets)[theirs]
    # By customer, each in the order of arrival.
    order = np.lexsort((positions, code[theirs]))
    theirs, positions, code = theirs[order], positions[order], code[theirs][order]

    sampled = _sampled(sample, rows, transactions, theirs, positions)
    marks = np.flatnonzero(sampled >= 0)
    following = np.searchsorted(marks, np.arange(len(theirs)))
    # What follows a customer's last sampled transaction changes none of them.
    useful = np.flatnonzero(following < len(marks))
    useful = useful[code[marks[following[useful]]] == code[useful]]
    local = np.full(len(sample), -1, np.int64)
    local[rows] = level_of
    level = local[sampled[marks[following[useful]]]]
    order = np.lexsort((positions[useful], level))
    useful, level = useful[order], level[order]

    rank = _first_level(levels, labels)
    of_use = pc.is_in(labels.records.column("customer_id"), customers).to_numpy(zero_copy_only=False)
    learned = np.flatnonzero(of_use & (rank < len(levels)))
    learned = learned[np.argsort(rank[learned], kind="stable")]
    labels_before = np.searchsorted(rank[learned], level, side="right")
    return _Plan(theirs[useful], sampled[useful], learned, labels_before), disordered


def _levels(vectors: Rows) -> tuple[Rows, Rows, int]:
    """Return the k different vectors in ascending order, the index of each row's there, and how many fell."""
    order = np.argsort(vectors.sum(axis=1), kind="stable")
    ordered = np.maximum.accumulate(vectors[order], axis=0)
    disordered = int((ordered != vectors[order]).any(axis=1).sum())
    new = np.ones(len(order), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    level_of = np.empty(len(order), np.int64)
    level_of[order] = np.cumsum(new) - 1
    return ordered[new], level_of, disordered


def _sampled(
    sample: InferenceSample, rows: Rows, transactions: PositionedRecords, theirs: Rows, positions: Rows
) -> Rows:
    """Return the sample's row of each transaction, -1 where it has none, or another transaction lay there."""
    keys = position(sample.partitions, sample.offsets)[rows]
    order = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys[order], positions), len(keys) - 1)
    found = rows[order][at]
    match = np.flatnonzero(keys[order][at] == positions)
    there = transactions.records.select(["customer_id", "transaction_id"]).take(pa.array(theirs[match])).columns
    ids = zip(*(column.to_pylist() for column in there), strict=True)
    expected = ((sample.customers[row], sample.transactions[row]) for row in found[match].tolist())
    match = match[np.fromiter((a == b for a, b in zip(ids, expected, strict=True)), np.bool_, len(match))]
    sampled = np.full(len(positions), -1, np.int64)
    sampled[match] = found[match]
    return sampled


def _first_level(levels: Rows, labels: PositionedRecords) -> Rows:
    """Return the first level at which each label was known, len(levels) if at none."""
    first = np.full(len(labels.offsets), len(levels), np.int64)
    for partition in range(levels.shape[1]):
        here = labels.partitions == partition
        first[here] = np.searchsorted(levels[:, partition], labels.offsets[here], side="right")
    return first

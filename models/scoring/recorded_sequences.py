"""Sequence numbers of entity events, and the labels known to entities, as the job recorded them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features.entities.entity_inputs import NO_SEQUENCE
from models.features.entity import ENTITIES
from models.features.hashing import transaction_hashes
from models.scoring.positioned_records import PositionedRecords
from schemas.label_offset import split_entry
from schemas.position import position


class LoggedSequences(NamedTuple):
    """Sequence numbers of n records of the inference log, each position once.

    Parameters
    ----------
    positions : ndarray of int64, (n,)
        Positions of the transactions, see `schemas.position`.
    keys : ndarray of uint64, (n,)
        See `transaction_hashes`.
    numbers : ndarray of int64, (n, len(ENTITIES))
        See `sequence_matrix`.
    label_entries : ndarray of int64, (n, len(ENTITIES), P)
        See `label_entries`.
    """

    positions: NDArray[np.int64]
    keys: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    label_entries: NDArray[np.int64]

    @classmethod
    def of(cls, records: pa.RecordBatch) -> LoggedSequences:
        """Return the sequence numbers of records in the inference topic's columns."""
        partitions, offsets = (records.column(name).to_numpy().astype(np.int64) for name in ("partition", "offset"))
        numbers = sequence_matrix(records.column("entity_sequences"))
        return cls(position(partitions, offsets), transaction_hashes(records), numbers, label_entries(records))


class ScoredSequences(NamedTuple):
    """Sequence numbers of n scores, repeats included, each transaction's in the sequence of the topic.

    Parameters
    ----------
    keys, numbers, label_entries : ndarray
        As in `LoggedSequences`.
    """

    keys: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    label_entries: NDArray[np.int64]

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> ScoredSequences:
        """Return the sequence numbers of batches of SCORE_ARROW."""
        keys, numbers, entries = [np.empty(0, np.uint64)], [np.empty((0, len(ENTITIES)), np.int64)], [_NO_ENTRIES]
        for records in batches:
            keys.append(transaction_hashes(records))
            numbers.append(sequence_matrix(records.column("entity_sequences")))
            entries.append(label_entries(records))
        width = max(part.shape[2] for part in entries)
        return cls(np.concatenate(keys), np.concatenate(numbers), np.concatenate([_widened(e, width) for e in entries]))


class RecordedSequences(NamedTuple):
    """Sequence numbers of the entity events of n transactions.

    Parameters
    ----------
    numbers : ndarray of int64, (n, len(ENTITIES))
        NO_SEQUENCE where the transaction advanced no such entity.
    known : ndarray of bool, (n,)
        Whether a record has them; if not, the transaction may have advanced its entities at any time.
    label_offsets : ndarray of int64, (n, len(ENTITIES), P)
        Of each partition of the labels topic, the next label that the entity did not know; 0 without a record.
    """

    numbers: NDArray[np.int64]
    known: NDArray[np.bool_]
    label_offsets: NDArray[np.int64]

    @property
    def unknown(self) -> int:
        """Number of transactions without a record."""
        return int((~self.known).sum())

    @classmethod
    def of(
        cls, transactions: PositionedRecords, logged: LoggedSequences, scored: ScoredSequences | None = None
    ) -> RecordedSequences:
        """Find the records of transactions.

        After a restart the job scores again what came after its last checkpoint: the last record of a transaction has
        the numbers that its state kept. A score does not name its position, so of a transaction that was sent k times
        there must be k scores, or one transaction and any number of scores; other repeats are ambiguous.

        Parameters
        ----------
        transactions : PositionedRecords, n rows
        scored : ScoredSequences, optional
            Consulted for the transactions that are not logged.
        """
        count = len(transactions.offsets)
        entries = [logged.label_entries, scored.label_entries if scored else _NO_ENTRIES]
        width, newest = max(part.shape[2] for part in entries), max(_generation(part) for part in entries)
        found = cls(
            np.full((count, len(ENTITIES)), NO_SEQUENCE, np.int64),
            np.zeros(count, np.bool_),
            np.zeros((count, len(ENTITIES), width), np.int64),
        )
        positions = position(transactions.partitions, transactions.offsets)
        keys = transaction_hashes(transactions.records)
        if scored is not None:
            rows, records = _matched(keys, positions, scored.keys)
            found.numbers[rows], found.known[rows] = scored.numbers[records], True
            found.label_offsets[rows] = _present(_widened(scored.label_entries[records], width), newest)
        rows, records = _placed(positions, keys, logged)
        found.numbers[rows], found.known[rows] = logged.numbers[records], True
        found.label_offsets[rows] = _present(_widened(logged.label_entries[records], width), newest)
        return found


def sequence_matrix(sequences: pa.ListArray) -> NDArray[np.int64]:
    """Return a column of `entity_sequences` as rows of one width; NO_SEQUENCE where a record has none.

    A record of an earlier version has none, or fewer: the job that wrote it did not advance the entities.
    """
    index = np.arange(len(ENTITIES))
    numbers = np.full((len(sequences), len(ENTITIES)), NO_SEQUENCE, np.int64)
    there = index < pc.list_value_length(sequences).fill_null(0).to_numpy()[:, None]
    numbers[there] = sequences.values.to_numpy()[(sequences.offsets.to_numpy()[:-1, None] + index)[there]]
    return numbers


def label_entries(records: pa.RecordBatch) -> NDArray[np.int64]:
    """Return the columns of `entity_label_offsets` as arrays of one width, (n, len(ENTITIES), P).

    In a record of an earlier version each shard knew the labels of all entities: its `label_offsets` hold.
    """
    lists, numbers = (
        pc.list_value_length(records.column(name)).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        for name in ("entity_label_offsets", "entity_sequences")
    )
    before, entities = np.flatnonzero(lists == 0), np.maximum(numbers, 1)
    of_shards = _rows(records.column("label_offsets"), before)
    partitions = lists // entities
    width = max(int(partitions.max(initial=0)), of_shards.shape[1])
    entries = np.zeros((len(records), len(ENTITIES), width), np.int64)
    entries[before, :, : of_shards.shape[1]] = of_shards[:, None]
    for count, given in {*zip(partitions.tolist(), entities.tolist(), strict=True)}:
        rows = np.flatnonzero((partitions == count) & (entities == given))
        found = _rows(records.column("entity_label_offsets"), rows).reshape(len(rows), given, count)
        entries[rows, : found.shape[1], :count] = found[:, : len(ENTITIES), :count]
    return entries


def _rows(vectors: pa.ListArray, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return some rows of a list column as rows of one width, with 0 where a list is shorter."""
    taken = vectors.take(pa.array(rows))
    lengths = pc.list_value_length(taken).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    matrix = np.zeros((len(rows), int(lengths.max(initial=0))), np.int64)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = taken.flatten().to_numpy()
    return matrix


def _widened(entries: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    return np.pad(entries, ((0, 0), (0, 0), (0, width - entries.shape[2])))


def _generation(entries: NDArray[np.int64]) -> int:
    return int(split_entry(entries)[0].max(initial=0))


def _present(entries: NDArray[np.int64], newest: int) -> NDArray[np.int64]:
    """Return the offsets in the labels topic that is there now; of a former topic's entries none is known."""
    generations, offsets = split_entry(entries)
    return np.where(generations == newest, offsets, 0)


def _matched(
    keys: NDArray[np.uint64], positions: NDArray[np.int64], scored: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return transactions, and the index of the score of each."""
    by_key = np.lexsort((positions, keys))
    ordered = keys[by_key]
    first = np.searchsorted(ordered, ordered)
    sent = np.searchsorted(ordered, ordered, side="right") - first
    by_score = np.argsort(scored, kind="stable")
    start = np.searchsorted(scored[by_score], ordered)
    scores = np.searchsorted(scored[by_score], ordered, side="right") - start
    clear = np.flatnonzero((scores > 0) & ((sent == 1) | (sent == scores)))
    nth = np.arange(len(ordered)) - first
    index = (start + scores - sent + nth)[clear]
    return by_key[clear], by_score[index]


def _placed(
    positions: NDArray[np.int64], keys: NDArray[np.uint64], logged: LoggedSequences
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return transactions that were logged at their positions, and the index of the record of each."""
    if not len(logged.positions):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = np.argsort(logged.positions)
    at = np.minimum(np.searchsorted(logged.positions[order], positions), len(order) - 1)
    records = order[at]
    rows = np.flatnonzero((logged.positions[records] == positions) & (logged.keys[records] == keys))
    return rows, records[rows]


_NO_ENTRIES = np.empty((0, len(ENTITIES), 0), np.int64)

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

NO_POSITION = -1
"""Position of a record that names none."""


class NamedSequences(NamedTuple):
    """Sequence numbers that n records of the inference log or n scores name.

    Parameters
    ----------
    positions : ndarray of int64, (n,)
        Positions of the transactions, see `schemas.position`; NO_POSITION in scores of earlier versions.
    keys : ndarray of uint64, (n,)
        See `transaction_hashes`.
    numbers : ndarray of int64, (n, len(ENTITIES))
        See `sequence_matrix`.
    label_entries : ndarray of int64, (n, len(ENTITIES), P)
        See `label_entries`.
    declared : ndarray of int64, (n, k)
        See `declared_entries`.
    """

    positions: NDArray[np.int64]
    keys: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    label_entries: NDArray[np.int64]
    declared: NDArray[np.int64]

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> NamedSequences:
        """Return the sequence numbers of batches of SCORE_ARROW, repeats included, in the sequence of their topic."""
        parts = [_NONE_NAMED, *map(_named, batches)]
        width = max(part.label_entries.shape[2] for part in parts)
        entries = np.concatenate([_widened(part.label_entries, width) for part in parts])
        positions, keys, numbers = (np.concatenate([part[column] for part in parts]) for column in range(3))
        most = max(part.declared.shape[1] for part in parts)
        declared = np.concatenate([_filled(part.declared, most) for part in parts])
        return cls(positions, keys, numbers, entries, declared)


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
    declared : ndarray of int64, (n, k)
        Entries of declared entities, see `declared_entries`.
    """

    numbers: NDArray[np.int64]
    known: NDArray[np.bool_]
    label_offsets: NDArray[np.int64]
    declared: NDArray[np.int64]

    @property
    def unknown(self) -> int:
        """Number of transactions without a record."""
        return int((~self.known).sum())

    @classmethod
    def of(
        cls, transactions: PositionedRecords, logged: NamedSequences, scored: NamedSequences | None = None
    ) -> RecordedSequences:
        """Find the records of transactions by their positions.

        After a restart the job scores again what came after its last checkpoint: the last record of a position has
        the numbers that its state kept. A score of an earlier version names no position. It is that of the only
        transaction of its customer and id; which of several it is of is unknown.

        Parameters
        ----------
        transactions : PositionedRecords, n rows
        scored : NamedSequences, optional
            Consulted for the transactions that are not logged.
        """
        count, sources = len(transactions.offsets), (scored or _NONE_NAMED, logged)
        width = max(source.label_entries.shape[2] for source in sources)
        newest = max(_generation(source.label_entries) for source in sources)
        most = max(source.declared.shape[1] for source in sources)
        found = cls(
            np.full((count, len(ENTITIES)), NO_SEQUENCE, np.int64),
            np.zeros(count, np.bool_),
            np.zeros((count, len(ENTITIES), width), np.int64),
            np.full((count, most), NO_SEQUENCE, np.int64),
        )
        positions = position(transactions.partitions, transactions.offsets)
        keys = transaction_hashes(transactions.records)
        for source in sources:
            rows, records = _matched(positions, keys, source)
            found.numbers[rows], found.known[rows] = source.numbers[records], True
            found.label_offsets[rows] = _present(_widened(source.label_entries[records], width), newest)
            found.declared[rows] = _filled(source.declared[records], most)
        return found


def sequence_matrix(sequences: pa.ListArray) -> NDArray[np.int64]:
    """Return a column of `entity_sequences` as rows of one width; NO_SEQUENCE where a record has none.

    A record of an earlier version has none, or fewer: the job that wrote it did not advance the entities.
    """
    return _entries_between(sequences, 0, len(ENTITIES))


def declared_entries(sequences: pa.ListArray) -> NDArray[np.int64]:
    """Return the entries of declared entities in a column of `entity_sequences`, which follow the sequence numbers.

    See `models.declared.sequence_entry`; NO_SEQUENCE where a record has fewer than another.
    """
    return _entries_between(sequences, len(ENTITIES), pc.max(pc.list_value_length(sequences)).as_py() or 0)


def _entries_between(sequences: pa.ListArray, begin: int, end: int) -> NDArray[np.int64]:
    """Return some entries of lists as rows of one width; NO_SEQUENCE where a list is shorter."""
    index = np.arange(begin, max(begin, end))
    entries = np.full((len(sequences), len(index)), NO_SEQUENCE, np.int64)
    there = index < pc.list_value_length(sequences).fill_null(0).to_numpy()[:, None]
    entries[there] = sequences.values.to_numpy()[(sequences.offsets.to_numpy()[:-1, None] + index)[there]]
    return entries


def label_entries(records: pa.RecordBatch) -> NDArray[np.int64]:
    """Return the columns of `entity_label_offsets` as arrays of one width, (n, len(ENTITIES), P).

    In a record of an earlier version each shard knew the labels of all entities: its `label_offsets` hold.
    """
    lists, numbers = (
        pc.list_value_length(records.column(name)).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        for name in ("entity_label_offsets", "entity_sequences")
    )
    # Entries of declared entities follow, which have no labels.
    before, entities = np.flatnonzero(lists == 0), np.clip(numbers, 1, len(ENTITIES))
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


def _filled(entries: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    return np.pad(entries, ((0, 0), (0, width - entries.shape[1])), constant_values=NO_SEQUENCE)


def _generation(entries: NDArray[np.int64]) -> int:
    return int(split_entry(entries)[0].max(initial=0))


def _present(entries: NDArray[np.int64], newest: int) -> NDArray[np.int64]:
    """Return the offsets in the labels topic that is there now; of a former topic's entries none is known."""
    generations, offsets = split_entry(entries)
    return np.where(generations == newest, offsets, 0)


def _named(records: pa.RecordBatch) -> NamedSequences:
    partitions, offsets = (records.column(name).to_numpy().astype(np.int64) for name in ("partition", "offset"))
    positions = np.where(offsets < 0, NO_POSITION, position(partitions, offsets))
    sequences = records.column("entity_sequences")
    return NamedSequences(
        positions,
        transaction_hashes(records),
        sequence_matrix(sequences),
        label_entries(records),
        declared_entries(sequences),
    )


def _matched(
    positions: NDArray[np.int64], keys: NDArray[np.uint64], named: NamedSequences
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return transactions that have a record, and the index of the last record of each.

    A record of another transaction at a position is of a topic that was deleted since.
    """
    unnamed = named.positions == NO_POSITION
    of_records = np.where(unnamed, _only_position(positions, keys, named.keys), named.positions)
    by_position = np.argsort(positions)
    at = np.searchsorted(positions[by_position], of_records)
    records = np.flatnonzero(at < len(positions))
    rows = by_position[at[records]]
    same = (positions[rows] == of_records[records]) & (keys[rows] == named.keys[records])
    found, last = np.unique(rows[same][::-1], return_index=True)
    return found, records[same][::-1][last]


def _only_position(
    positions: NDArray[np.int64], keys: NDArray[np.uint64], wanted: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return the position of the only transaction of each key; NO_POSITION where there is none, or several."""
    by_key = np.argsort(keys)
    first, end = (np.searchsorted(keys[by_key], wanted, side=side) for side in ("left", "right"))
    found = np.full(len(wanted), NO_POSITION, np.int64)
    only = np.flatnonzero(end - first == 1)
    found[only] = positions[by_key[first[only]]]
    return found


_NONE_NAMED = NamedSequences(
    np.empty(0, np.int64),
    np.empty(0, np.uint64),
    np.empty((0, len(ENTITIES)), np.int64),
    np.empty((0, len(ENTITIES), 0), np.int64),
    np.empty((0, 0), np.int64),
)

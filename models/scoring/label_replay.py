"""Replay of the labels that entities knew."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.entities.entity_events import entity_events_and_units
from models.features.entities.entity_labels import EntityLabels, has_labels, labels_by_entity
from models.features.entities.label_layout import LABEL_WIDTH, missing_label_features
from models.features.entity import ENTITIES, LABELLED_ENTITIES
from models.features.label_batch import LabelBatch
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences

Rows = NDArray[np.int64]


class ReplayedLabels(NamedTuple):
    """Label features of the entities of k transactions.

    Parameters
    ----------
    x : ndarray of float32, (k, len(LABELLED_ENTITIES) * LABEL_WIDTH)
    disordered : int
        Events at which an entity knew fewer labels of some partition than at another one of fewer labels in all.
    """

    x: NDArray[np.float32]
    disordered: int


def replay_labels(
    transactions: PositionedRecords, labels: PositionedRecords, recorded: RecordedSequences, wanted: Rows
) -> ReplayedLabels:
    """Compute the label features of the entities of some transactions again, by the labels that each knew.

    Parameters
    ----------
    labels : PositionedRecords
        In the columns of LABEL_ARROW, good ones alone, from the topic's beginning.
    wanted : ndarray of int64, (k,)
        Rows of the transactions whose features are wanted.
    """
    x = missing_label_features(len(wanted))
    records = transactions.records.take(pa.array(wanted))
    events, units = entity_events_and_units(records)
    labelled = has_labels(events["row"])
    events, units = events[labelled], units[labelled]
    transaction, entity = np.divmod(events["row"], np.uint32(len(ENTITIES)))
    offsets = recorded.label_offsets[wanted[transaction], entity]
    # Each entity's events by the labels that it knew, as these alone matter.
    order = np.lexsort((offsets.sum(axis=1), events["key"]))
    events, units, offsets = events[order], units[order], offsets[order]
    keys, of_event = np.unique(events["key"], return_inverse=True)
    learned, rows = labels_by_entity(LabelBatch.of(labels.records))
    theirs = np.isin(learned["key"], keys)
    learned, rows = learned[theirs], rows[theirs]
    first, disordered = _first_events(keys, of_event, offsets, learned, labels.partitions[rows], labels.offsets[rows])
    by_event = np.argsort(first, kind="stable")
    learned, first = learned[by_event], first[by_event]
    before = np.searchsorted(first, np.arange(len(events)), side="right")
    known = learned[: before[-1]] if len(events) else learned[:0]
    engine = EntityLabels(load=None, capacity=max(1, len(keys)))
    features = engine.advance(known, before, events, units)
    x.reshape(len(wanted), len(LABELLED_ENTITIES), LABEL_WIDTH)[transaction[order], entity[order]] = features
    return ReplayedLabels(x, disordered)


def _first_events(
    keys: NDArray[np.uint64], entity: Rows, offsets: Rows, labels: NDArray[Any], partitions: Rows, label_offsets: Rows
) -> tuple[Rows, int]:
    """Return the index of the first event that knows each label, of its entity or after all of these.

    Parameters
    ----------
    keys : ndarray of uint64, (entities,)
        In ascending order.
    entity, offsets : ndarray of int64, (m,) and (m, P)
        Index in the keys of each event, which do not fall, and the labels known then.
    labels, partitions, label_offsets : ndarray, (n,)
        Labels of the entities, and their positions.
    """
    first = np.full(len(labels), len(entity), np.int64)
    fallen = np.zeros(len(entity), np.bool_)
    of_label = np.searchsorted(keys, labels["key"])
    span = 1 + max(int(offsets.max(initial=0)), int(label_offsets.max(initial=0)))
    for partition in range(offsets.shape[1]):
        levels = entity * span + offsets[:, partition]
        risen = np.maximum.accumulate(levels)
        fallen |= risen != levels
        here = partitions == partition
        first[here] = np.searchsorted(risen, of_label[here] * span + label_offsets[here], side="right")
    return first, int(fallen.sum())

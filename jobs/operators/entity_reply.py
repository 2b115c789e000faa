"""Replies of a lane of entity shards to a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jobs.operators.packed import pack, unpack
from models.declared.declared_inputs import AggregateReply
from models.features.entities.entity_inputs import EventFeatures
from models.features.entities.entity_layout import ENTITY_WIDTH
from models.features.entities.label_layout import LABEL_WIDTH


class Reply(NamedTuple):
    """Features of the events of a batch that are of one lane, or of one shard.

    Parameters
    ----------
    entities : EventFeatures
    declared : sequence of AggregateReply
        Of each entity with declared features; empty where none are declared.
    """

    entities: EventFeatures
    declared: Sequence[AggregateReply] = ()


def encode_reply(number: int, replies: Sequence[Reply]) -> bytes:
    """Return the features of the events of a batch that are of one lane, as bytes.

    Parameters
    ----------
    number : int
        Of the batch, see `DecodedBatch`.
    replies : sequence of Reply
        Of one shard each.
    """
    parts = [reply.entities for reply in replies]
    counts = [len(part.rows) for part in parts]
    offsets = np.zeros((len(parts), max(np.shape(part.label_offsets)[-1] for part in parts)), "<i8")
    for row, part in zip(offsets, parts, strict=True):
        row[: np.shape(part.label_offsets)[-1]] = part.label_offsets
    columns = zip(*(part[:4] for part in parts), strict=True)
    joined = (found[0] if len(found) == 1 else np.concatenate(found) for found in columns)
    head = np.array([number, *counts], "<i8")
    kinds = zip(*(reply.declared for reply in replies), strict=True)
    of_kinds = (np.concatenate(column) for kind in kinds for column in zip(*kind, strict=True))
    blob = [head.tobytes(), *(column.tobytes() for column in joined), offsets.tobytes()]
    return pack([*blob, *(column.tobytes() for column in of_kinds)])


def decode_reply(raw: bytes) -> tuple[int, Reply]:
    """Return the batch's number, and the features of its events, of a blob of `encode_reply`.

    Raises
    ------
    PackedError
        The bytes are of another version.
    """
    head, rows, x, sequences, label_x, label_offsets, *declared = unpack(raw)
    number, *counts = np.frombuffer(head, "<i8").tolist()
    offsets = np.frombuffer(label_offsets, "<i8").reshape(len(counts), -1)
    features = EventFeatures(
        rows=np.frombuffer(rows, "<u4"),
        x=np.frombuffer(x, "<f4").reshape(-1, ENTITY_WIDTH),
        sequences=np.frombuffer(sequences, "<i8"),
        label_x=np.frombuffer(label_x, "<f4").reshape(-1, LABEL_WIDTH),
        label_offsets=np.repeat(offsets, counts, axis=0),
    )
    return number, Reply(features, [_declared(*declared[at : at + 3]) for at in range(0, len(declared), 3)])


def _declared(rows: memoryview, x: memoryview, sequences: memoryview) -> AggregateReply:
    found = np.frombuffer(rows, "<i8")
    width = len(x) // 4 // max(1, len(found))
    return AggregateReply(found, np.frombuffer(x, "<f4").reshape(len(found), width), np.frombuffer(sequences, "<i8"))

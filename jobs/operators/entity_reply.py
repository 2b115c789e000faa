"""Replies of a lane of entity shards to a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jobs.operators.packed import pack, unpack
from models.features.entities.entity_inputs import EventFeatures
from models.features.entities.entity_layout import ENTITY_WIDTH
from models.features.entities.label_layout import LABEL_WIDTH


def encode_reply(number: int, parts: Sequence[EventFeatures]) -> bytes:
    """Return the features of the events of a batch that are of one lane, as bytes.

    Parameters
    ----------
    number : int
        Of the batch, see `DecodedBatch`.
    parts : sequence of EventFeatures
        Of one shard each.
    """
    counts = [len(part.rows) for part in parts]
    offsets = np.zeros((len(parts), max(np.shape(part.label_offsets)[-1] for part in parts)), "<i8")
    for row, part in zip(offsets, parts, strict=True):
        row[: np.shape(part.label_offsets)[-1]] = part.label_offsets
    columns = zip(*(part[:4] for part in parts), strict=True)
    joined = (found[0] if len(found) == 1 else np.concatenate(found) for found in columns)
    head = np.array([number, *counts], "<i8")
    return pack([head.tobytes(), *(column.tobytes() for column in joined), offsets.tobytes()])


def decode_reply(raw: bytes) -> tuple[int, EventFeatures]:
    """Return the batch's number, and the features of its events, of a blob of `encode_reply`.

    Raises
    ------
    PackedError
        The bytes are of another version.
    """
    head, rows, x, sequences, label_x, label_offsets = unpack(raw)
    number, *counts = np.frombuffer(head, "<i8").tolist()
    offsets = np.frombuffer(label_offsets, "<i8").reshape(len(counts), -1)
    features = EventFeatures(
        rows=np.frombuffer(rows, "<u4"),
        x=np.frombuffer(x, "<f4").reshape(-1, ENTITY_WIDTH),
        sequences=np.frombuffer(sequences, "<i8"),
        label_x=np.frombuffer(label_x, "<f4").reshape(-1, LABEL_WIDTH),
        label_offsets=np.repeat(offsets, counts, axis=0),
    )
    return number, features

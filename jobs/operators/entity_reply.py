"""Replies of an entity shard to a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.operators.packed import pack, unpack
from models.features.entities.entity_inputs import EventFeatures
from models.features.entities.label_layout import LABEL_WIDTH


@dataclass(frozen=True, kw_only=True, eq=False)
class EntityReply:
    """Features of m entity events of a batch.

    Parameters
    ----------
    number : int
        Of the batch, see `DecodedBatch`.
    entity_shard : int
        Key of the shard that replies.
    rows : ndarray of uint32, (m,)
        As in EVENT.
    x : ndarray of float32, (m, ENTITY_WIDTH)
    sequences : ndarray of int64, (m,)
        Sequence number of each event; -1 where it was only described.
    label_x : ndarray of float32, (those with labels, LABEL_WIDTH)
    label_offsets : sequence of int
        Labels that the shard knew, see `EventFeatures`.
    """

    number: int
    entity_shard: int
    rows: NDArray[np.uint32]
    x: NDArray[np.float32]
    sequences: NDArray[np.int64]
    label_x: NDArray[np.float32]
    label_offsets: Sequence[int]

    @property
    def features(self) -> EventFeatures:
        """Features of the events."""
        return EventFeatures(self.rows, self.x, self.sequences, self.label_x, self.label_offsets)

    def encode(self) -> bytes:
        """Return the reply as bytes."""
        head = np.array([self.number, self.entity_shard, self.x.shape[1]], "<i8").tobytes()
        parts = (self.rows, self.x, self.sequences, self.label_x, np.array(self.label_offsets, "<i8"))
        return pack((head, *(part.tobytes() for part in parts)))

    @classmethod
    def decode(cls, raw: bytes) -> EntityReply:
        """Read what `encode` wrote.

        Raises
        ------
        PackedError
            The bytes are of another version.
        """
        head, rows, x, sequences, label_x, label_offsets = unpack(raw)
        number, entity_shard, width = np.frombuffer(head, "<i8").tolist()
        return cls(
            number=number,
            entity_shard=entity_shard,
            rows=np.frombuffer(rows, "<u4"),
            x=np.frombuffer(x, "<f4").reshape(-1, width),
            sequences=np.frombuffer(sequences, "<i8"),
            label_x=np.frombuffer(label_x, "<f4").reshape(-1, LABEL_WIDTH),
            label_offsets=np.frombuffer(label_offsets, "<i8").tolist(),
        )

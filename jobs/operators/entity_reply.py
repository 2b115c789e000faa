"""Replies of an entity shard to a batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jobs.operators.packed import pack, unpack
from models.features.entities.entity_inputs import EventFeatures
from models.features.entities.entity_layout import ENTITY_WIDTH
from models.features.entities.label_layout import LABEL_WIDTH


class EntityReply(NamedTuple):
    """Features of the events of a batch that are of one entity shard.

    Parameters
    ----------
    number : int
        Of the batch, see `DecodedBatch`.
    features : EventFeatures
    """

    number: int
    features: EventFeatures

    def encode(self) -> bytes:
        """Return the reply as bytes."""
        found = self.features
        head, offsets = np.array([self.number], "<i8"), np.array(found.label_offsets, "<i8")
        return pack([part.tobytes() for part in (head, found.rows, found.x, found.sequences, found.label_x, offsets)])

    @classmethod
    def decode(cls, raw: bytes) -> EntityReply:
        """Read what `encode` wrote.

        Raises
        ------
        PackedError
            The bytes are of another version.
        """
        head, rows, x, sequences, label_x, label_offsets = unpack(raw)
        features = EventFeatures(
            rows=np.frombuffer(rows, "<u4"),
            x=np.frombuffer(x, "<f4").reshape(-1, ENTITY_WIDTH),
            sequences=np.frombuffer(sequences, "<i8"),
            label_x=np.frombuffer(label_x, "<f4").reshape(-1, LABEL_WIDTH),
            label_offsets=np.frombuffer(label_offsets, "<i8").tolist(),
        )
        return cls(int(np.frombuffer(head, "<i8")[0]), features)

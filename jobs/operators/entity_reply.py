"""Replies of an entity shard to a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.operators.packed import pack, unpack


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
    """

    number: int
    entity_shard: int
    rows: NDArray[np.uint32]
    x: NDArray[np.float32]
    sequences: NDArray[np.int64]

    def encode(self) -> bytes:
        """Return the reply as bytes."""
        head = np.array([self.number, self.entity_shard, self.x.shape[1]], "<i8").tobytes()
        return pack((head, self.rows.tobytes(), self.x.tobytes(), self.sequences.tobytes()))

    @classmethod
    def decode(cls, raw: bytes) -> EntityReply:
        """Read what `encode` wrote.

        Raises
        ------
        PackedError
            The bytes are of another version.
        """
        head, rows, x, sequences = unpack(raw)
        number, entity_shard, width = np.frombuffer(head, "<i8").tolist()
        return cls(
            number=number,
            entity_shard=entity_shard,
            rows=np.frombuffer(rows, "<u4"),
            x=np.frombuffer(x, "<f4").reshape(-1, width),
            sequences=np.frombuffer(sequences, "<i8"),
        )

"""Decoded batches that wait for the replies of the entity shards."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from jobs.operators.decoded_batch import DecodedBatch
from jobs.operators.entity_reply import Reply, decode_reply
from models.declared.declared_features import DeclaredFeatures
from models.declared.declared_inputs import with_declared_features
from models.features.entities.entity_inputs import EntityInputs
from schemas.columns import TRANSACTION_ARROW


class Gathered(NamedTuple):
    """A batch with the features of its entities."""

    batch: DecodedBatch
    entities: EntityInputs


class Gathering:
    """Queue of a shard's decoded batches; each leaves it when all replies are in, none before its predecessor.

    Batch and reply come by different ways: a reply may be the first. Neither is state: a checkpoint's barrier comes
    by each way after all that was sent before it, and an entity shard replies before it passes a barrier on, so at
    a checkpoint no batch waits. (That holds since checkpoints are aligned, see `flink_settings`.)

    Parameters
    ----------
    schema : pyarrow.Schema
        Columns of the transactions.
    declared : DeclaredFeatures, optional
        Declared features that the replies have.
    """

    def __init__(self, schema: pa.Schema = TRANSACTION_ARROW, declared: DeclaredFeatures | None = None) -> None:
        self._schema, self._declared = schema, declared
        self._waiting: deque[DecodedBatch] = deque()
        self._received: dict[int, list[Reply]] = {}

    def add(self, raw: bytes) -> Iterator[Gathered]:
        """Add a decoded batch; yield the batches that are complete now."""
        self._waiting.append(DecodedBatch.decode(raw, self._schema))
        return self._complete()

    def reply(self, raw: bytes) -> Iterator[Gathered]:
        """Add a reply; yield the batches that are complete now."""
        number, found = decode_reply(raw)
        self._received.setdefault(number, []).append(found)
        return self._complete()

    def _complete(self) -> Iterator[Gathered]:
        while self._waiting:
            batch = self._waiting[0]
            if len(self._received.get(batch.number, ())) < batch.replies:
                return
            self._waiting.popleft()
            replies = self._received.pop(batch.number, ())
            yield Gathered(batch, self._inputs(batch.records.num_rows, replies))

    def _inputs(self, n: int, replies: Sequence[Reply]) -> EntityInputs:
        inputs = EntityInputs.gathered(n, [reply.entities for reply in replies])
        if self._declared is None:
            return inputs
        return with_declared_features(inputs, self._declared, [reply.declared for reply in replies])

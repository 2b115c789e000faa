"""Decoded batches that wait for the replies of their entity shards."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jobs.operators.decoded_batch import DecodedBatch
from jobs.operators.entity_reply import EntityReply
from models.features.entities.entity_inputs import EntityInputs

if TYPE_CHECKING:
    from jobs.operators.shard_state import ShardState


class Gathered(NamedTuple):
    """A batch with the features of its entities."""

    batch: DecodedBatch
    entities: EntityInputs


class Gathering:
    """Queue of a shard's decoded batches; each leaves it when all replies are in, none before its predecessor.

    Batches and replies are state until they leave, so that a checkpoint may fall anywhere between them. Batch and
    reply come by different ways: a reply may be the first.

    Parameters
    ----------
    state : ShardState
        With the shard's key current, now and at each call.
    """

    def __init__(self, state: ShardState) -> None:
        self._batches, self._replies = state.waiting_batches, state.entity_replies
        self._waiting: OrderedDict[int, DecodedBatch] = OrderedDict()
        self._indices: dict[int, int] = {}
        self._received: dict[int, dict[int, EntityReply]] = {}
        for index in sorted(self._batches.keys()):
            self._wait(DecodedBatch.decode(self._batches.get(index)), index)
        self._stored_replies: set[str] = set(self._replies.keys())
        for key in self._stored_replies:
            reply = EntityReply.decode(self._replies.get(key))
            self._received.setdefault(reply.number, {})[reply.entity_shard] = reply
        self._next_index = max(self._indices.values(), default=-1) + 1

    def add(self, raw: bytes) -> Iterator[Gathered]:
        """Add a decoded batch; yield the batches that are complete now."""
        batch = DecodedBatch.decode(raw)
        if not self._waiting and self._is_complete(batch):
            yield self._gathered(batch)
            return
        self._batches.put(self._next_index, raw)
        self._wait(batch, self._next_index)
        self._next_index += 1

    def reply(self, raw: bytes) -> Iterator[Gathered]:
        """Add a reply; yield the batches that are complete now."""
        reply = EntityReply.decode(raw)
        self._received.setdefault(reply.number, {})[reply.entity_shard] = reply
        first = next(iter(self._waiting.values()), None)
        if first is None or first.number != reply.number or not self._is_complete(first):
            self._replies.put(_key(reply), raw)
            self._stored_replies.add(_key(reply))
            return
        while first is not None and self._is_complete(first):
            del self._waiting[first.number]
            self._batches.remove(self._indices.pop(first.number))
            yield self._gathered(first)
            first = next(iter(self._waiting.values()), None)

    def _wait(self, batch: DecodedBatch, index: int) -> None:
        self._waiting[batch.number] = batch
        self._indices[batch.number] = index

    def _is_complete(self, batch: DecodedBatch) -> bool:
        return len(self._received.get(batch.number, ())) == len(batch.entity_shards)

    def _gathered(self, batch: DecodedBatch) -> Gathered:
        replies = self._received.pop(batch.number, {}).values()
        for key in {_key(reply) for reply in replies} & self._stored_replies:
            self._replies.remove(key)
            self._stored_replies.remove(key)
        inputs = EntityInputs.gathered(batch.records.num_rows, [reply.features for reply in replies])
        return Gathered(batch, inputs)


def _key(reply: EntityReply) -> str:
    return f"{reply.number}/{reply.entity_shard}"

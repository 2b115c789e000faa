"""A job of a few shards without Flink: separate engines that learn labels at different times.

Batches of the customers' shards reach the entity shards in turns of their own, so entities see an interleaving.
"""

import numpy as np
import pyarrow as pa

from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_events import entity_events
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entity import ENTITIES
from models.features.hashing import hash_column
from models.features.label_batch import LabelBatch
from models.scoring.inference_sample import InferenceSample
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences
from models.scoring.transaction_scorer import TransactionScorer
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW

TRANSACTION_PARTITIONS, LABEL_PARTITIONS, ENTITY_SHARDS = 3, 2, 3


class EntityShards:
    """Entities in shards, each with a counter of its own, as the job's entity operator has them."""

    def __init__(self, shards: int) -> None:
        # Numbers of two shards overlap.
        self._engines = [EntityEngine(ENTITY_LAYOUT, load=None, next_sequence=5 * number) for number in range(shards)]

    def __call__(self, records: pa.RecordBatch) -> EntityInputs:
        """Advance the entities of a batch."""
        events = entity_events(records)
        shard = events["key"] % np.uint64(len(self._engines))
        replies = []
        for number, engine in enumerate(self._engines):
            mine = events[shard == number]
            found = engine.advance(mine)
            replies.append((mine["row"], found.x, found.sequences))
        return EntityInputs.gathered(len(records), replies)


def spread(records: pa.RecordBatch, key: str, partitions: int, *, gap: int = 3) -> PositionedRecords:
    """Spread records over partitions by a column; offsets have gaps, as after invalid records and markers."""
    partition = (hash_column(records.column(key)) % np.uint64(partitions)).astype(np.int64)
    offsets = np.empty(len(records), np.int64)
    for number in range(partitions):
        here = partition == number
        offsets[here] = np.arange(here.sum()) * gap
    return PositionedRecords(records, partition, offsets)


class SimulatedJob:
    """Scores a table in the order given, each customer in one of two shards, each entity in one of three."""

    def __init__(self, table: pa.Table, artifact, *, share: float, seed: int = 5) -> None:
        self.artifact = artifact
        self.random = np.random.default_rng(seed)
        records = table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
        known = table.select(LABEL_ARROW.names).sort_by("label_time").combine_chunks().to_batches()[0]
        self.transactions = spread(records, "customer_id", TRANSACTION_PARTITIONS)
        self.labels = spread(known, "transaction_id", LABEL_PARTITIONS)
        self.shards = np.where(hash_column(records.column("customer_id")) >> np.uint64(9) & np.uint64(1), 4, 2)
        limit = np.uint64(share * 2**53)
        self.logged = hash_column(records.column("transaction_id")) >> np.uint64(11) < limit

    def run(self) -> InferenceSample:
        """Score everything; each shard reads transactions and labels of each partition at a different pace."""
        batches = {shard: self._batches_of(shard) for shard in (4, 2)}
        turns = self.random.permutation([shard for shard in batches for _ in batches[shard]])
        advance, at = EntityShards(ENTITY_SHARDS), dict.fromkeys(batches, 0)
        inputs: dict[int, list[EntityInputs]] = {shard: [] for shard in batches}
        for shard in turns.tolist():
            records = self.transactions.records.take(pa.array(batches[shard][at[shard]]))
            inputs[shard].append(advance(records))
            at[shard] += 1
        parts = [self._run_shard(shard, batches[shard], inputs[shard]) for shard in batches]
        self.all = self.joined(*(whole for whole, _ in parts))
        self.numbers = np.empty((len(self.transactions.offsets), len(ENTITIES)), np.int64)
        for shard, of_shard in batches.items():
            self.numbers[np.concatenate(of_shard)] = np.vstack([item.sequences for item in inputs[shard]])
        return self.joined(*(sampled for _, sampled in parts))

    def recorded(self) -> RecordedSequences:
        """Return the sequence numbers of all transactions."""
        return RecordedSequences(self.numbers, np.ones(len(self.numbers), np.bool_))

    @staticmethod
    def joined(*parts: InferenceSample) -> InferenceSample:
        """Concatenate samples."""
        return InferenceSample(
            transactions=[name for part in parts for name in part.transactions],
            customers=[name for part in parts for name in part.customers],
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in ("shards", "partitions", "offsets", "label_offsets", "x", "scores")
            },
        )

    def _batches_of(self, shard: int) -> list[np.ndarray]:
        rows = np.flatnonzero(self.shards == shard)
        # The partitions of a shard advance at different speeds; each stays in sequence.
        rows = rows[np.argsort(np.arange(len(rows)) + 400 * self.transactions.partitions[rows], kind="stable")]
        return np.array_split(rows, 40)

    def _run_shard(
        self, shard: int, batches: list[np.ndarray], inputs: list[EntityInputs]
    ) -> tuple[InferenceSample, InferenceSample]:
        rows = np.concatenate(batches)
        scorer = TransactionScorer(self.artifact, load=None)
        known = np.zeros(LABEL_PARTITIONS, np.int64)
        x, scores, vectors = [], [], []
        customers = pa.array(set(self.transactions.records.column("customer_id").take(pa.array(rows)).to_pylist()))
        for chunk, entities in zip(batches, inputs, strict=True):
            labels, known = self._more_labels(known, customers)
            scorer.learn(labels)
            scored = scorer.score(self.transactions.records.take(pa.array(chunk)), entities=entities)
            x.append(scored.x)
            scores.append(scored.scores)
            vectors.append(np.tile(known, (len(chunk), 1)))
        whole = self.sample_of(rows, shard, np.vstack(vectors), np.vstack(x), np.concatenate(scores))
        return whole, whole.take(np.flatnonzero(self.logged[rows]))

    def _more_labels(self, known: np.ndarray, customers: pa.Array) -> tuple[LabelBatch, np.ndarray]:
        max_step = max(self.labels.offsets) / 40
        later = known + self.random.integers(0, 2 * max_step, LABEL_PARTITIONS)
        new = (self.labels.offsets >= known[self.labels.partitions]) & (
            self.labels.offsets < later[self.labels.partitions]
        )
        records = self.labels.records.take(pa.array(self.random.permutation(np.flatnonzero(new))))
        batch = LabelBatch.of(records)
        mine = np.isin(np.array(batch.customers), customers.to_pylist())
        batch.mine[:] = mine
        return batch, later

    def sample_of(self, rows, shard, vectors, x, scores) -> InferenceSample:
        records = self.transactions.records.take(pa.array(rows))
        return InferenceSample(
            transactions=records.column("transaction_id").to_pylist(),
            customers=records.column("customer_id").to_pylist(),
            shards=np.full(len(rows), shard),
            partitions=self.transactions.partitions[rows],
            offsets=self.transactions.offsets[rows],
            label_offsets=vectors,
            x=x,
            scores=scores,
        )

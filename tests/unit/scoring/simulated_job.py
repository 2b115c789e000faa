"""A job of a few shards without Flink: separate engines that learn labels at different times.

Batches of the customers' shards reach the entity shards in turns of their own, so entities see an interleaving.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_events import entity_events_and_units
from models.features.entities.entity_inputs import EntityInputs, EventFeatures
from models.features.entities.entity_labels import EntityLabels, labels_by_entity
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
    """Entities in shards, each with a counter of its own, as the job's entity operator has them.

    Each shard reads the labels of each partition at a different pace.
    """

    def __init__(
        self, shards: int, labels: PositionedRecords | None = None, random: np.random.Generator | None = None
    ) -> None:
        # Numbers of two shards overlap.
        self._engines = [EntityEngine(ENTITY_LAYOUT, load=None, next_sequence=5 * number) for number in range(shards)]
        self._labels = [EntityLabels(load=None) for _ in range(shards)]
        self._known = np.zeros((shards, LABEL_PARTITIONS), np.int64)
        self._positioned, self._random = labels, random

    def __call__(self, records: pa.RecordBatch) -> EntityInputs:
        """Advance the entities of a batch."""
        events, units = entity_events_and_units(records)
        shard = events["key"] % np.uint64(len(self._engines))
        replies = []
        for number, engine in enumerate(self._engines):
            mine = events[shard == number]
            self._learn(number)
            found = engine.advance(mine)
            label_x = self._labels[number].describe(mine, units[shard == number])
            known = self._known[number].tolist()
            replies.append(EventFeatures(mine["row"], found.x, found.sequences, label_x, known))
        return EntityInputs.gathered(len(records), replies)

    def _learn(self, number: int) -> None:
        if self._positioned is None or self._random is None:
            return
        new, self._known[number] = more_labels(self._positioned, self._known[number], self._random)
        labels, _ = labels_by_entity(LabelBatch.of(new))
        self._labels[number].learn(labels[labels["key"] % np.uint64(len(self._engines)) == number])


def more_labels(
    labels: PositionedRecords, known: np.ndarray, random: np.random.Generator
) -> tuple[pa.RecordBatch, np.ndarray]:
    """Return the next labels of each partition, mixed, and the offsets after them."""
    max_step = max(labels.offsets) / 40
    later = known + random.integers(0, 2 * max_step, LABEL_PARTITIONS)
    new = (labels.offsets >= known[labels.partitions]) & (labels.offsets < later[labels.partitions])
    return labels.records.take(pa.array(random.permutation(np.flatnonzero(new)))), later


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
        advance, at = EntityShards(ENTITY_SHARDS, self.labels, self.random), dict.fromkeys(batches, 0)
        inputs: dict[int, list[EntityInputs]] = {shard: [] for shard in batches}
        for shard in turns.tolist():
            records = self.transactions.records.take(pa.array(batches[shard][at[shard]]))
            inputs[shard].append(advance(records))
            at[shard] += 1
        parts = [self._run_shard(shard, batches[shard], inputs[shard]) for shard in batches]
        self.all = self.joined(*(whole for whole, _ in parts))
        count = len(self.transactions.offsets)
        self.numbers = np.empty((count, len(ENTITIES)), np.int64)
        self.label_offsets = np.empty((count, len(ENTITIES), LABEL_PARTITIONS), np.int64)
        for shard, of_shard in batches.items():
            rows = np.concatenate(of_shard)
            self.numbers[rows] = np.vstack([item.sequences for item in inputs[shard]])
            offsets = np.vstack([item.label_offsets for item in inputs[shard]])
            self.label_offsets[rows] = offsets.reshape(len(rows), len(ENTITIES), -1)
        return self.joined(*(sampled for _, sampled in parts))

    def recorded(self) -> RecordedSequences:
        """Return the sequence numbers of all transactions, and the labels that their entities knew."""
        known, declared = np.ones(len(self.numbers), np.bool_), np.empty((len(self.numbers), 0), np.int64)
        return RecordedSequences(self.numbers, known, self.label_offsets, declared)

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
            new, known = more_labels(self.labels, known, self.random)
            scorer.learn(LabelBatch.of(new.filter(pc.is_in(new.column("customer_id"), customers))))
            scored = scorer.score(self.transactions.records.take(pa.array(chunk)), entities=entities)
            x.append(scored.x)
            scores.append(scored.scores)
            vectors.append(np.tile(known, (len(chunk), 1)))
        whole = self.sample_of(rows, shard, np.vstack(vectors), np.vstack(x), np.concatenate(scores))
        return whole, whole.take(np.flatnonzero(self.logged[rows]))

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

"""A job of a few shards without Flink: engines of their own, which learn the labels at different times."""

import numpy as np
import pyarrow as pa

from models.features.hashing import hash_column
from models.features.label_batch import LabelBatch
from models.scoring.inference_sample import InferenceSample
from models.scoring.positioned_records import PositionedRecords
from models.scoring.transaction_scorer import TransactionScorer
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW

TRANSACTION_PARTITIONS, LABEL_PARTITIONS = 3, 2


def place(records: pa.RecordBatch, key: str, partitions: int, *, gap: int = 3) -> PositionedRecords:
    """Spread records over partitions by a column; offsets have gaps, as bad records and markers leave them."""
    partition = (hash_column(records.column(key)) % np.uint64(partitions)).astype(np.int64)
    offsets = np.empty(len(records), np.int64)
    for number in range(partitions):
        here = partition == number
        offsets[here] = np.arange(here.sum()) * gap
    return PositionedRecords(records, partition, offsets)


class SimulatedJob:
    """Scores a table in the order given, each customer in one of two shards."""

    def __init__(self, table: pa.Table, artifact, *, share: float, seed: int = 5) -> None:
        self.artifact = artifact
        self.random = np.random.default_rng(seed)
        records = table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
        known = table.select(LABEL_ARROW.names).sort_by("label_time").combine_chunks().to_batches()[0]
        self.transactions = place(records, "customer_id", TRANSACTION_PARTITIONS)
        self.labels = place(known, "transaction_id", LABEL_PARTITIONS)
        self.shards = np.where(hash_column(records.column("customer_id")) >> np.uint64(9) & np.uint64(1), 4, 2)
        limit = np.uint64(share * 2**53)
        self.logged = hash_column(records.column("transaction_id")) >> np.uint64(11) < limit

    def run(self) -> InferenceSample:
        """Score everything; each shard reads its transactions and the labels of each partition at its own pace."""
        return self.joined(*(self._run_shard(shard) for shard in (4, 2)))

    @staticmethod
    def joined(*parts: InferenceSample) -> InferenceSample:
        """Put samples one after the other."""
        return InferenceSample(
            transactions=[name for part in parts for name in part.transactions],
            customers=[name for part in parts for name in part.customers],
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in ("shards", "partitions", "offsets", "label_offsets", "x", "scores")
            },
        )

    def _run_shard(self, shard: int) -> InferenceSample:
        rows = np.flatnonzero(self.shards == shard)
        # The partitions of a shard advance at different speeds; the order within each stays.
        rows = rows[np.argsort(np.arange(len(rows)) + 400 * self.transactions.partitions[rows], kind="stable")]
        scorer = TransactionScorer(self.artifact, load=None)
        known = np.zeros(LABEL_PARTITIONS, np.int64)
        x, scores, vectors = [], [], []
        customers = pa.array(set(self.transactions.records.column("customer_id").take(pa.array(rows)).to_pylist()))
        for chunk in np.array_split(rows, 40):
            labels, known = self._more_labels(known, customers)
            scorer.learn(labels)
            scored = scorer.score(self.transactions.records.take(pa.array(chunk)))
            x.append(scored.x)
            scores.append(scored.scores)
            vectors.append(np.tile(known, (len(chunk), 1)))
        all_of_it = self.sample_of(rows, shard, np.vstack(vectors), np.vstack(x), np.concatenate(scores))
        return all_of_it.take(np.flatnonzero(self.logged[rows]))

    def _more_labels(self, known: np.ndarray, customers: pa.Array) -> tuple[LabelBatch, np.ndarray]:
        most = max(self.labels.offsets) / 40
        later = known + self.random.integers(0, 2 * most, LABEL_PARTITIONS)
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

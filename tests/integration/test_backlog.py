"""A backlog of skewed partitions and its live features, compared with those in the sequence of event time."""

import numpy as np
import pyarrow as pa
import pytest
from confluent_kafka import Producer

from benchmarks.suites.features import transactions
from fraudstream.archive.inference_samples import read_logged
from models.features.entities.entity_record import RECENT
from models.features.operation import Operation
from models.features.table import FEATURES
from models.features.window import DAY
from models.scoring.artifact import load_artifact
from producers.encoding import encode_transactions
from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS
from schemas.registry import FileRegistry
from schemas.wall_clock import now_ms
from tests.integration.scoring_lane import Lane
from tests.unit.training.histories import artifact_folder

pytestmark = pytest.mark.integration

ROWS, SHARES = 80_000, np.arange(6, 14) / np.arange(6, 14).sum()
"""Transactions of a day, and the share of each partition: the first has half as many as the last."""
ALIGNMENT_MS = 30 * MINUTE_MS
NOWHERE = pa.nulls(ROWS, pa.float64())
SMALL_BATCHES = {"linger.ms": 1, "batch.size": 16_384, "compression.type": "none"}
(COUNT_24H,) = [
    column
    for column, feature in enumerate(FEATURES)
    if (feature.entity, feature.operation, feature.window) == ("merchant", Operation.ENTITY_COUNT, DAY)
]


def send_backlog(lane: Lane) -> pa.RecordBatch:
    """Send a day of transactions, each with its event time as its Kafka time; customers differ by partition.

    A further partition has the first of them and no other: it must not hold up the others.
    """
    rng = np.random.default_rng(5)
    partitions = rng.choice(len(SHARES), ROWS, p=SHARES)
    partitions[0] = len(SHARES)
    customers = len(SHARES) * rng.integers(0, 100, ROWS) + partitions
    table = transactions(rng, customers, now_ms() - 25 * HOUR_MS, DAY_MS).drop_columns(["latitude", "longitude"])
    table = table.append_column("latitude", NOWHERE).append_column("longitude", NOWHERE)
    times_ms = table.column("event_time").cast(pa.int64()).to_pylist()
    producer = Producer({**SMALL_BATCHES, "bootstrap.servers": lane.broker.bootstrap_servers})
    records = encode_transactions(pa.Table.from_batches([table]), FileRegistry(), "t-value")
    for (key, value), partition, time_ms in zip(records, partitions.tolist(), times_ms, strict=True):
        producer.produce(lane.topics.transactions, value, key, partition=partition, timestamp=time_ms)
        producer.poll(0)
    assert producer.flush(60) == 0
    return table


class Drained:
    """Features of the transactions of a drained backlog.

    Attributes
    ----------
    counts, in_event_order : ndarray of int64, (rows,)
        Merchant's transactions of the last 24 h: as the model saw them, and by event time.
    """

    def __init__(self, lane: Lane, table: pa.RecordBatch) -> None:
        logged = read_logged(lane.broker, load_artifact(artifact_folder()).manifest)
        rows = {name: row for row, name in enumerate(table.column("transaction_id").to_pylist())}
        index = np.array([rows[name] for name in logged.sample.transactions])
        assert len(set(index.tolist())) == len(table)
        times = table.column("event_time").cast(pa.int64()).to_numpy()[index]
        merchants = table.column("merchant_id").dictionary_encode().indices.to_numpy()[index]
        arrival = np.lexsort((logged.sequences.numbers[:, 0], merchants))
        groups = np.split(arrival, np.flatnonzero(np.diff(merchants[arrival])) + 1)
        # With more, windows are not exact.
        groups = [group for group in groups if len(group) <= RECENT]
        found = [self._of_merchant(times[group], logged.sample.x[group, COUNT_24H]) for group in groups]
        self.counts, self.in_event_order = np.concatenate(found, axis=1)

    def _of_merchant(self, times, counts):
        by_time = np.sort(times)
        in_event_order = np.searchsorted(by_time, times) - np.searchsorted(by_time, times - DAY_MS)
        return np.stack([counts.astype(np.int64), in_event_order])


def drained(lane: Lane) -> Drained:
    table = send_backlog(lane)
    lane.submit()
    lane.await_records(lane.topics.inference, ROWS)
    lane.cancel()
    return Drained(lane, table)


def test_live_features_of_an_aligned_backlog_lack_less_than_half_of_what_they_lack_without_alignment(open_lane):
    lacking = {}
    for alignment_ms in (ALIGNMENT_MS, 0):
        settings = {"labels": False, "emit_scores": False, "feature_log_share": 1, "alignment_s": alignment_ms / 1000}
        found = drained(open_lane(model=artifact_folder(), partitions=len(SHARES) + 1, **settings))
        lacking[alignment_ms] = found.in_event_order - found.counts
        assert lacking[alignment_ms].min() >= 0, "none counts that came later in event time"
    assert lacking[ALIGNMENT_MS].mean() < lacking[0].mean() / 2

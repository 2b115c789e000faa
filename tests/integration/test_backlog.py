"""A backlog of skewed partitions and its live features, compared with those in the sequence of event time."""

import numpy as np
import pyarrow as pa
import pytest
from confluent_kafka import Producer

from benchmarks.suites.features import transactions
from fraudstream.archive.inference_samples import read_logged
from jobs.kafka_tables import FETCHED_AHEAD
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
    """Features of the transactions of a drained backlog whose merchants are counted exactly.

    Attributes
    ----------
    times_ms : ndarray of int64, (n,)
        Event time of each.
    counts, in_event_order : ndarray of int64, (n,)
        Merchant's transactions of the last 24 h: as the model saw them, and by event time.
    recent : ndarray of int64, (n,)
        Those of them that were read after it at the most: within the time by which its partition may be ahead.
    """

    def __init__(self, lane: Lane, table: pa.RecordBatch) -> None:
        logged = read_logged(lane.broker, load_artifact(artifact_folder()).manifest)
        rows = {name: row for row, name in enumerate(table.column("transaction_id").to_pylist())}
        index = np.array([rows[name] for name in logged.sample.transactions])
        assert len(set(index.tolist())) == len(table)
        times_ms = table.column("event_time").cast(pa.int64()).to_numpy()[index]
        ahead_ms = ALIGNMENT_MS + 1_000 + spans_ms(logged.sample.partitions, times_ms)
        merchants = table.column("merchant_id").dictionary_encode().indices.to_numpy()[index]
        by_merchant = np.argsort(merchants, kind="stable")
        groups = np.split(by_merchant, np.flatnonzero(np.diff(merchants[by_merchant])) + 1)
        # With more, windows are not exact.
        groups = [group for group in groups if len(group) <= RECENT]
        kept = np.concatenate(groups)
        self.times_ms, self.counts = times_ms[kept], logged.sample.x[kept, COUNT_24H].astype(np.int64)
        self.in_event_order = np.concatenate([between(times_ms[group], DAY_MS) for group in groups])
        self.recent = np.concatenate([between(times_ms[group], ahead_ms[group]) for group in groups])


def between(times_ms, spans_ms):
    """Return for each of some times how many of them precede it by no more than its span."""
    by_time = np.sort(times_ms)
    return np.searchsorted(by_time, times_ms) - np.searchsorted(by_time, times_ms - spans_ms)


def spans_ms(partitions, times_ms):
    """Return for each transaction the longest time that FETCHED_AHEAD records of its partition span."""
    longest = np.zeros(partitions.max() + 1, np.int64)
    for partition in range(len(SHARES)):
        by_time = np.sort(times_ms[partitions == partition])
        longest[partition] = (by_time[FETCHED_AHEAD:] - by_time[:-FETCHED_AHEAD]).max()
    return longest[partitions]


# On a machine that is busy with other tests, a partition that is not read for five seconds counts as idle.
@pytest.mark.long
def test_live_features_of_a_backlog_lack_only_what_the_alignment_and_fetched_records_allow(open_lane):
    lane = open_lane(
        model=artifact_folder(), partitions=len(SHARES) + 1, alignment_s=ALIGNMENT_MS / 1000,
        labels=False, emit_scores=False, feature_log_share=1,
    )  # fmt: skip
    table = send_backlog(lane)
    lane.submit()
    lane.await_records(lane.topics.inference, ROWS)
    lane.cancel()
    found = Drained(lane, table)
    lacking = found.in_event_order - found.counts
    assert lacking.min() >= 0, "none counts that came later in event time"
    # What is read before the first comparison is not aligned.
    aligned = found.times_ms >= found.times_ms.min() + DAY_MS // 2
    assert (lacking <= found.recent)[aligned].all()
    assert lacking[aligned].any(), "partitions are read one after the other, fetch by fetch"

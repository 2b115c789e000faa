"""Latency from publishing a transaction to its alert."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
from hdrh.histogram import HdrHistogram

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.readers.message_decoding import transaction_decoder
from fraudstream.readers.positioned_records import ROWS_AT_ONCE

LONGEST_MS = 600_000
MICROSECONDS = 1000


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Quantiles of the time from a transaction's publishing to its alert's arrival, in milliseconds.

    The start is the record's Kafka timestamp, which a paced publisher sets to the moment the record was due: a
    sender that falls behind does not hide the delay (no coordinated omission).
    """

    count: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    @classmethod
    def of(cls, histogram: HdrHistogram) -> Self:
        """Read the quantiles of a histogram of microseconds."""
        p50, p99, p999, longest = (
            histogram.get_value_at_percentile(share) / MICROSECONDS for share in (50, 99, 99.9, 100)
        )
        return cls(count=histogram.get_total_count(), p50_ms=p50, p99_ms=p99, p999_ms=p999, max_ms=longest)


def measure_latency(
    broker: Broker, seen_at_ms: Mapping[tuple[str, str], float], *, since_ms: int | None = None
) -> Latency:
    """Compare when alerts were seen with when their transactions were published, see `latency_histogram`."""
    return Latency.of(latency_histogram(broker, seen_at_ms, since_ms=since_ms))


def latency_histogram(
    broker: Broker, seen_at_ms: Mapping[tuple[str, str], float], *, since_ms: int | None = None
) -> HdrHistogram:
    """Count the microseconds from each transaction's publishing to its alert's arrival, where there was one.

    Parameters
    ----------
    seen_at_ms
        By customer and transaction id, see `AlertWatch`.
    since_ms
        Leave out what was published before, milliseconds since 1970.
    """
    histogram = HdrHistogram(1, LONGEST_MS * MICROSECONDS, 3)
    for transaction, published_ms in _publish_times(broker, since_ms):
        seen = seen_at_ms.get(transaction)
        if seen is not None:
            histogram.record_value(max(1, round((seen - published_ms) * MICROSECONDS)))
    return histogram


def _publish_times(broker: Broker, since_ms: int | None) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the publishing time of each valid transaction; records that the job rejects are skipped."""
    topic = broker.topics.transactions
    decoder = transaction_decoder(broker)
    messages = read_topic(broker, topic, since_ms=since_ms)
    while some := list(islice(messages, ROWS_AT_ONCE)):
        keys = [None if (key := item.key()) is None else key.decode("utf-8", "replace") for item in some]
        times_ms = np.array([item.timestamp()[1] for item in some], np.int64)
        batch = decoder.decode(keys, [item.value() or b"" for item in some], times_ms)
        kept = np.delete(times_ms, [rejection.row for rejection in batch.rejections]).tolist()
        names = zip(
            *(batch.records.column(name).to_pylist() for name in ("customer_id", "transaction_id")), strict=True
        )
        yield from zip(names, kept, strict=True)

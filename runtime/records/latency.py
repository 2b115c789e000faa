from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pyruhvro
from hdrh.histogram import HdrHistogram

from runtime.configuration.settings import Settings
from runtime.kafka.topic_reader import read_topic
from schemas.avro_schemas import TRANSACTION, schema_text
from schemas.framing import HEADER_BYTES

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
    settings: Settings, bootstrap_servers: str, seen_at_ms: Mapping[str, float], *, since_ms: int | None = None
) -> Latency:
    """Compare when alerts were seen with when their transactions were published, see `latency_histogram`."""
    return Latency.of(latency_histogram(settings, bootstrap_servers, seen_at_ms, since_ms=since_ms))


def latency_histogram(
    settings: Settings, bootstrap_servers: str, seen_at_ms: Mapping[str, float], *, since_ms: int | None = None
) -> HdrHistogram:
    """Count the microseconds from each transaction's publishing to its alert's arrival, where there was one.

    Parameters
    ----------
    settings, bootstrap_servers
        Where the transactions lie.
    seen_at_ms
        By transaction_id, see `AlertWatch`.
    since_ms
        Leave out what was published before, milliseconds since 1970.
    """
    histogram = HdrHistogram(1, LONGEST_MS * MICROSECONDS, 3)
    for transaction_id, published_ms in _publish_times(settings, bootstrap_servers, since_ms):
        seen = seen_at_ms.get(transaction_id)
        if seen is not None:
            histogram.record_value(max(1, round((seen - published_ms) * MICROSECONDS)))
    return histogram


def _publish_times(settings: Settings, bootstrap_servers: str, since_ms: int | None) -> list[tuple[str, int]]:
    bodies, times = [], []
    for message in read_topic(settings, bootstrap_servers, settings.topics.transactions, since_ms=since_ms):
        bodies.append((message.value() or b"")[HEADER_BYTES:])
        times.append(message.timestamp()[1])
    ids = pyruhvro.deserialize_array(bodies, schema_text(TRANSACTION)).column("transaction_id").to_pylist()
    return list(zip(ids, times, strict=True))

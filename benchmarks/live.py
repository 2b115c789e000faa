"""Time to an alert under live load."""

import sys

import pyarrow as pa

from benchmarks.bench import PATIENCE_S, publish
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topic_reader import await_records, topic_size
from fraudstream.readers.alert_watch import AlertWatch
from fraudstream.readers.latency import Latency, measure_latency
from schemas.wall_clock import now_ms


def live_latency(services: Services, table: pa.Table, *, rate: float, warm_up_s: float) -> Latency:
    """Publish a table at a rate to the running job; return the time to the alerts, without the warm-up.

    Parameters
    ----------
    services
        Stack of the job, which has scored all earlier transactions.
    table : pa.Table
        Transactions.
    rate : float
        Events per second.
    warm_up_s : float
        Seconds after the start that do not count.
    """
    # Publisher and alert reader share this process: neither may hold up the other for the usual 5 ms.
    sys.setswitchinterval(0.0005)
    broker = services.broker
    expected = topic_size(broker, services.settings.topics.scores) + len(table)
    with AlertWatch(broker) as watch:
        watch.catch_up()
        counted_from_ms = now_ms() + round(warm_up_s * 1000)
        publish(services, table, rate=rate)
        await_records(broker, services.settings.topics.scores, expected, seconds=PATIENCE_S)
        watch.catch_up()
    return measure_latency(broker, watch.seen_at_ms, since_ms=counted_from_ms)

"""Rate and time to an alert by batch time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.axes.axis import BRIEF_EVENTS, CUSTOMERS, Axis, fill, transactions, with_job, with_topics
from benchmarks.bench import console
from benchmarks.chart import Chart
from benchmarks.drain import job_rate, scored_rate
from benchmarks.live import live_latency
from benchmarks.report import Section
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import embedded
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings

LIVE_RATE = 5_000
EVENTS, LIVE_S = 300_000, 15


@dataclass(frozen=True, kw_only=True)
class Point:
    """Rate of a drain with this batch time, and time to an alert at LIVE_RATE."""

    batch_ms: int
    events_per_s: float
    p50_ms: float
    p99_ms: float


def run(settings: Settings, brief: bool) -> Axis:
    """Warm up, then drain and go live with each batch time.

    Each job also drains the live transactions of the earlier ones.
    """
    events, live = (BRIEF_EVENTS, 3 * LIVE_RATE) if brief else (EVENTS, LIVE_S * LIVE_RATE)
    tried = (10, 30) if brief else (1, 3, 10, 30, 100)
    table = transactions(CUSTOMERS, events + live * len(tried))
    points = []
    with embedded(settings) as services:
        fill(with_topics(services, "batch-ms", "batch-ms"), table.slice(0, events))
        job_rate(with_topics(services, "batch-ms", "batch-ms-warm-up"), events)
        for turn, batch_ms in enumerate(tried):
            own = with_topics(services, "batch-ms", f"batch-ms-{turn}")
            own = own.with_settings(job=with_job(settings, batch_ms=batch_ms).job)
            already = events + turn * live
            with console.status(f"batches of {batch_ms} ms"):
                create_topics(own.broker)
                job = submit(own)
                rate = scored_rate(own, already)
                part = table.slice(already, live)
                latency = live_latency(own, part, rate=LIVE_RATE, warm_up_s=live / LIVE_RATE / 3)
                stop_job(own, job.job_id, savepoint=False)
            points.append(Point(batch_ms=batch_ms, events_per_s=rate, p50_ms=latency.p50_ms, p99_ms=latency.p99_ms))
    return _axis(points)


def _axis(points: Sequence[Point]) -> Axis:
    rows = [
        (f"{point.batch_ms}", f"{point.events_per_s:,.0f}", f"{point.p50_ms:.0f}", f"{point.p99_ms:.0f}")
        for point in points
    ]
    latencies = {
        "p50": [(point.batch_ms, point.p50_ms) for point in points],
        "p99": [(point.batch_ms, point.p99_ms) for point in points],
    }
    rates = {"job": [(point.batch_ms, point.events_per_s) for point in points]}
    return Axis(
        figures={"events_per_s_by_batch_ms": {str(point.batch_ms): round(point.events_per_s) for point in points}},
        raw=[asdict(point) for point in points],
        section=Section(
            title="Batch time", columns=("batch, ms", "events/s, draining", "p50, ms", "p99, ms"), rows=rows
        ),
        charts=[
            Chart(title="Rate by batch time", x="batch, ms", y="events/s", lines=rates, x_scale="log"),
            Chart(
                title=f"Publish to alert at {LIVE_RATE:,}/s, by batch time",
                x="batch, ms",
                y="ms",
                lines=latencies,
                x_scale="log",
            ),
        ],
    )

"""Publish to alert at a steady 5,000/s, by the number of Flink's network buffers, the batch time and the shards.

Each point is a stack and a job of its own, measured from 10 seconds after the load begins: kernels are compiled before.
"""

from dataclasses import asdict, dataclass

from benchmarks.alert_latency import BRIEF, AlertLatency, Lengths
from benchmarks.axes.axis import with_job
from benchmarks.bench import bench_model, bench_settings, console
from benchmarks.load_phases import LoadPhases
from benchmarks.report import Report, Section
from benchmarks.vitals import Vitals
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.flink_home import BUFFERS, CHANNEL_BUFFERS, FLOATING_BUFFERS
from fraudstream.devstack.stack import embedded
from fraudstream.readers.latency import Latency
from fraudstream.settings.settings import Settings
from jobs.job_config import JobConfig

LIVE_RATE = 5_000
STEADY = Lengths(runs=1)


@dataclass(frozen=True, kw_only=True)
class Point:
    """Settings of a cluster and its job."""

    buffers: int = int(BUFFERS[CHANNEL_BUFFERS])
    floating: int = int(BUFFERS[FLOATING_BUFFERS])
    batch_ms: int = JobConfig.batch_ms
    shards: int = JobConfig.shards

    @property
    def title(self) -> str:
        """Name for people."""
        return f"{self.buffers} buffers a channel, batches of {self.batch_ms} ms, {self.shards} shards"

    def settings(self, settings: Settings) -> Settings:
        """Return settings with those of the point."""
        config = {CHANNEL_BUFFERS: f"{self.buffers}", FLOATING_BUFFERS: f"{self.floating}"}
        flink = settings.flink.model_copy(update={"config": {**settings.flink.config, **config}})
        own = settings.model_copy(update={"flink": flink})
        return with_job(own, batch_ms=self.batch_ms, shards=self.shards)


POINTS = (
    Point(buffers=10, floating=8, batch_ms=10),
    Point(buffers=10, floating=8),
    Point(batch_ms=10),
    Point(),
    Point(shards=1),
)


def run(brief: bool = False) -> Report:
    """Measure each point."""
    model = bench_model()
    found = []
    for point in (Point(),) if brief else POINTS:
        with console.status(point.title):
            latency = _latency(point.settings(bench_settings(model)), BRIEF if brief else STEADY)
        found.append((point, latency))
    columns = ("buffers a channel", "batch, ms", "shards", "p50, ms", "p99, ms")
    rows = [
        (f"{point.buffers}", f"{point.batch_ms}", f"{point.shards}", f"{latency.p50_ms:.0f}", f"{latency.p99_ms:.0f}")
        for point, latency in found
    ]
    return Report(
        suite="buffers",
        workload=__doc__ or "",
        figures={point.title: [round(latency.p50_ms), round(latency.p99_ms)] for point, latency in found},
        raw={"points": [{**asdict(point), **asdict(latency)} for point, latency in found]},
        sections=[Section(title="Buffers", columns=columns, rows=rows)],
        charts=[],
    )


def _latency(settings: Settings, lengths: Lengths) -> Latency:
    with embedded(settings) as services:
        job = submit(services)
        with Vitals(services, job.job_id) as vitals:
            load = LoadPhases(services, vitals)
            measured = AlertLatency(services, job.job_id, load, lengths).at(LIVE_RATE, "steady")
        stop_job(services, job.job_id, savepoint=False)
    return Latency.of(measured.pooled)

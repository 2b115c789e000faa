"""Metrics of the job from Flink and the broker."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fraudstream.control.bluegreen import ALIVE
from fraudstream.control.late_recovery import late_recovery
from fraudstream.control.running_job import scoring_jobs
from fraudstream.observe.metrics.job_probe import JobProbe
from fraudstream.system.failures import NotReady, RuntimeFailure
from jobs.job_config import JobConfig

NAME = JobConfig.name


@dataclass(frozen=True, kw_only=True)
class JobState:
    """State of a job in Flink."""

    name: str
    up: bool
    restarts: int = 0
    checkpoint_age_s: float = 0.0
    checkpoint_duration_s: float = 0.0
    checkpoint_bytes: int = 0
    checkpoints_failed: int = 0
    recovered_late: bool = False
    recreated: Mapping[str, bool] = field(default_factory=dict)


class JobMetrics(Collector):
    """Collector of job health from Flink and the broker at each scrape."""

    def __init__(self, probe: JobProbe) -> None:
        self._probe, self._rest = probe, probe.rest

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics; a service that does not answer is only reported as down."""
        states = list(self._states())
        names = [state.name for state in states if state.up] or [NAME]
        lags = {name: self._probe.lag_of(name) for name in names}
        yield from _families(states or [JobState(name=NAME, up=False)])
        behind = GaugeMetricFamily(
            "fraud_consumer_lag_records",
            "Records between what the job's last checkpoint has read and the end of the topic.",
            labels=["job_name", "topic"],
        )
        for name, topics in lags.items():
            for topic, records in (topics or {}).items():
                behind.add_metric([name, topic], records)
        yield behind
        answers = all(topics is not None for topics in lags.values())
        yield GaugeMetricFamily("fraud_broker_up", "1 when the broker answers.", value=float(answers))

    def _states(self) -> Iterator[JobState]:
        try:
            for job in [job for job in scoring_jobs(self._rest) if job["state"] in ALIVE]:
                yield self._state(job)
        except (NotReady, RuntimeFailure):
            return  # the cluster does not answer, or the job ended meanwhile

    def _state(self, job: dict[str, Any]) -> JobState:
        checkpoints = self._rest.checkpoints(job["jid"])
        last = checkpoints["latest"].get("completed") or {}
        taken_ms = last.get("latest_ack_timestamp", job["start-time"])
        # Flink's clock: a skewed local clock would show as an old checkpoint.
        now_ms = self._rest.now_ms(job["jid"])
        return JobState(
            name=job["name"],
            up=job["state"] == "RUNNING",
            restarts=self._rest.restarts(job["jid"]),
            checkpoint_age_s=max(0, now_ms - taken_ms) / 1000,
            checkpoint_duration_s=last.get("end_to_end_duration", 0) / 1000,
            checkpoint_bytes=last.get("state_size", 0),
            checkpoints_failed=checkpoints["counts"]["failed"],
            recovered_late=late_recovery(self._rest, job["jid"]) is not None,
            recreated={topic: bool(text) for topic, text in self._probe.input_topics(job["jid"]).items()},
        )


def _families(states: list[JobState]) -> Iterator[Metric]:
    labels = ["job_name"]
    up = GaugeMetricFamily("fraud_job_up", "1 while the job runs.", labels=labels)
    restarts = CounterMetricFamily("fraud_job_restarts", "Restarts of the job by Flink.", labels=labels)
    age = GaugeMetricFamily(
        "fraud_checkpoint_age_seconds", "Since the last completed checkpoint, or the job's start.", labels=labels
    )
    duration = GaugeMetricFamily(
        "fraud_checkpoint_duration_seconds", "How long the last checkpoint took.", labels=labels
    )
    size = GaugeMetricFamily("fraud_checkpoint_size_bytes", "State in the last checkpoint.", labels=labels)
    failed = CounterMetricFamily("fraud_checkpoints_failed", "Checkpoints that failed.", labels=labels)
    late = GaugeMetricFamily(
        "fraud_output_at_risk", "1 when exactly-once output may be lost: the last recovery was too late.", labels=labels
    )
    recreated = GaugeMetricFamily(
        "fraud_topic_recreated",
        "1 when an input topic was deleted, or created again, since the offsets of the job were its.",
        labels=["job_name", "topic"],
    )
    for state in states:
        up.add_metric([state.name], float(state.up))
        restarts.add_metric([state.name], state.restarts)
        age.add_metric([state.name], state.checkpoint_age_s)
        duration.add_metric([state.name], state.checkpoint_duration_s)
        size.add_metric([state.name], state.checkpoint_bytes)
        failed.add_metric([state.name], state.checkpoints_failed)
        late.add_metric([state.name], float(state.recovered_late))
        for topic, differs in state.recreated.items():
            recreated.add_metric([state.name, topic], float(differs))
    yield from (up, restarts, age, duration, size, failed, late, recreated)

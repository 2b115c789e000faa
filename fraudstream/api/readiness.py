"""Readiness check of broker, job and reader."""

from dataclasses import dataclass

from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.system.failures import NotReady, RuntimeFailure
from jobs.job_config import JobConfig


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Availability of the parts that a decision needs."""

    broker: bool
    job: bool
    reader: bool

    @property
    def missing(self) -> list[str]:
        """Names of the parts that are missing."""
        words = {"broker": "the broker", "job": "the job", "reader": "the reader of the scores"}
        return [text for name, text in words.items() if not getattr(self, name)]


class Readiness:
    """Asks the broker and the cluster whether a transaction sent now would be scored."""

    def __init__(self, broker: Broker, rest: FlinkRest) -> None:
        self._broker, self._rest = broker, rest

    def check(self, *, reader: bool) -> Parts:
        """Check broker, job and reader; may block for seconds."""
        return Parts(broker=self._broker.answers(), job=self._job_runs(), reader=reader)

    def _job_runs(self) -> bool:
        try:
            jobs = self._rest.jobs()
        except (NotReady, RuntimeFailure):
            return False
        return any(job["state"] == "RUNNING" and job["name"].startswith(JobConfig.name) for job in jobs)

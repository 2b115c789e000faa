"""Samples of a running stack every few seconds: memory of each process, records published and scored."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from fraudstream.devstack.stack import Services
from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.topic_reader import partition_ranges
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.run_state import RunState

INTERVAL_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """State of the stack at one moment.

    Attributes
    ----------
    at_s : float
        Seconds since sampling began.
    published, scored : int
        Records ever written to the topics, by their offsets.
    resident_mb : mapping of process to float
        Memory, in units of 1,000,000 bytes.
    checkpoint_ms : float
        Duration of the newest complete checkpoint.
    """

    at_s: float
    published: int
    scored: int
    resident_mb: Mapping[str, float]
    checkpoint_ms: float

    @property
    def lag(self) -> int:
        """Transactions that are published and not scored."""
        return self.published - self.scored


class Vitals(BackgroundReader):
    """Sampler of a running stack, every INTERVAL_S.

    Parameters
    ----------
    services
        The stack.
    job_id : str
        The running job.
    """

    def __init__(self, services: Services, job_id: str) -> None:
        super().__init__("vitals", services.broker)
        self._settings = services.settings
        self._rest, self._job_id = services.rest, job_id
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self.samples: list[Sample] = []

    def sample(self) -> Sample:
        """Sample now."""
        with self._lock:  # one at a time: the consumer is shared
            topics = self._settings.topics
            newest = self._rest.checkpoints(self._job_id)["latest"]["completed"]
            sample = Sample(
                at_s=time.monotonic() - self._begun,
                # The scores first: what is scored between the two readings must not be more than was published.
                scored=self._ever_in(topics.scores),
                published=self._ever_in(topics.transactions),
                resident_mb={
                    process.name: process.resident_bytes() / 1e6
                    for process in RunState.load(self._settings.state).running()
                },
                checkpoint_ms=newest["end_to_end_duration"] if newest else 0.0,
            )
            self.samples.append(sample)
            return sample

    def require_no_restart(self) -> None:
        """Raise RuntimeFailure when the job failed, with the cause."""
        restarts = int(self._rest.metrics(f"/jobs/{self._job_id}/metrics", "numRestarts")["numRestarts"])
        if restarts:
            cause = self._rest.root_cause(self._job_id)
            raise RuntimeFailure(f"expected the job to run without a restart, got {restarts} restarts: {cause}")

    def _ever_in(self, topic: str) -> int:
        return sum(high for _, _, high in partition_ranges(self._consumer, topic))

    def _poll(self) -> None:
        if not self._stopping.wait(INTERVAL_S):
            self.sample()

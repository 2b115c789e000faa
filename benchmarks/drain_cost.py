"""Rate and processor time of a drain."""

from dataclasses import dataclass

import psutil

from benchmarks.bench import PATIENCE_S
from benchmarks.drain import scoring
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topic_reader import await_records
from fraudstream.settings.settings import Settings
from fraudstream.system.run_state import RunState
from schemas.wall_clock import now_ms


@dataclass(frozen=True, kw_only=True)
class DrainCost:
    """Cost of a drain, from its first score to its last.

    Attributes
    ----------
    events_per_s : float
    processor_us : float
        Of all TaskManagers per transaction.
    """

    events_per_s: float
    processor_us: float

    @property
    def wall_us(self) -> float:
        """Microseconds from a transaction to the next."""
        return 1e6 / self.events_per_s


def drain_cost(services: Services, count: int) -> DrainCost:
    """Drain a topic of `count` transactions by a new job."""
    with scoring(services) as begun_ms:
        processor_s = _processor_s(services.settings)
        await_records(services.broker, services.settings.topics.scores, count, seconds=PATIENCE_S)
        seconds, processor_s = (now_ms() - begun_ms) / 1000, _processor_s(services.settings) - processor_s
    return DrainCost(events_per_s=count / seconds, processor_us=processor_s / count * 1e6)


def _processor_s(settings: Settings) -> float:
    managers = RunState.load(settings.state).running("taskmanager")
    times = [psutil.Process(manager.pid).cpu_times() for manager in managers]
    return sum(time.user + time.system for time in times)

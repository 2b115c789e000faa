"""Jobs of their own in turn, on the same warm TaskManager: how fast each drains topics that are filled already."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.table import Table

from benchmarks.bench import PATIENCE_S, console
from producers.simulation_config import SimulationConfig
from runtime.embedded import Services
from runtime.settings import Settings
from runtime.submit import SCRIPT, stop_job, submit
from runtime.topic_reader import await_records
from runtime.topics import create_topics
from schemas.wall_clock import now_ms

WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS = 1_000_000
TURNS = 3
"""Of each side. The first of each warms the JVM up and does not count."""


def in_turns(sides: Mapping[str, Callable[[int], float]], events: int) -> dict[str, float]:
    """Drain by each side in turn, print the rates and return each side's mean of those that count, events a second.

    Parameters
    ----------
    sides : mapping of name to callable
        Given the number of the drain, for topics of its own, it returns the seconds that it took.
    events : int
        Records in the topic.
    """
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(TURNS):
        for place, (name, seconds_of) in enumerate(sides.items()):
            with console.status(f"draining {name}, {turn + 1} of {TURNS}"):
                rates[name].append(events / seconds_of(turn * len(sides) + place))
    table = Table(box=None)
    table.add_column("drained")
    table.add_column("events/s, turn by turn (the first warms up)", justify="right")
    for name, found in rates.items():
        table.add_row(name, ", ".join(f"{rate:,.0f}" for rate in found))
    console.print(table)
    return {name: statistics.mean(found[1:]) for name, found in rates.items()}


@contextmanager
def scoring(settings: Settings, services: Services, script: Path = SCRIPT) -> Iterator[int]:
    """Run a job on its settings' topics, made where they are missing; gives when its first score was there, in ms."""
    create_topics(settings, services.bootstrap_servers)
    job = submit(settings, services, script=script)
    await_records(settings, services.bootstrap_servers, settings.topics.scores, 1, seconds=PATIENCE_S)
    yield now_ms()
    stop_job(settings, services, job.job_id, savepoint=False)


def drain_seconds(settings: Settings, services: Services, wanted: dict[str, int], script: Path = SCRIPT) -> float:
    """Return the seconds from a new job's first score until each output topic has the records that are wanted."""
    with scoring(settings, services, script) as begun:
        for topic, count in wanted.items():
            await_records(settings, services.bootstrap_servers, topic, count, seconds=PATIENCE_S)
        return (now_ms() - begun) / 1000

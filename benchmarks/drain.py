"""Two jobs in turn on the same filled topics: how fast each drains them."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.table import Table

from benchmarks.bench import PATIENCE_S, console
from producers.simulation_config import SimulationConfig
from runtime.deadline import wait_until
from runtime.embedded import Services
from runtime.failures import RuntimeFailure
from runtime.settings import Settings
from runtime.submit import SCRIPT, stop_job, submit
from runtime.topic_reader import await_records
from runtime.topics import create_topics
from schemas.topics import Topics
from schemas.wall_clock import now_ms

WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS = 1_000_000
TURNS = 3
"""Of each side. The first of each warms the JVM up and does not count."""


def in_turns(sides: Mapping[str, Callable[[Topics], float]], events: int) -> dict[str, float]:
    """Drain by each side in turn, print the rates and return each side's mean of those that count.

    Parameters
    ----------
    sides : mapping of name to callable
        Given topics of its own, it returns the seconds of a drain.
    events : int
        Transactions in the topic.
    """
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(TURNS):
        for name, drained in sides.items():
            with console.status(f"draining, {name}, {turn + 1} of {TURNS}"):
                number = turn * len(sides) + list(sides).index(name)
                rates[name].append(events / drained(Topics(scores=f"bench.scores.{number}")))
    table = Table(box=None)
    table.add_column("job")
    table.add_column("events/s, turn by turn (the first warms up)", justify="right")
    for name, found in rates.items():
        table.add_row(name, ", ".join(f"{rate:,.0f}" for rate in found))
    console.print(table)
    return {name: statistics.mean(found[1:]) for name, found in rates.items()}


def drain(
    settings: Settings,
    services: Services,
    events: int,
    *,
    script: Path = SCRIPT,
    until: Callable[[], bool] = lambda: True,
) -> float:
    """Return the seconds that a new job takes from its first score until all is scored, and `until` holds.

    Parameters
    ----------
    settings, services
        Where it runs; its scores topic is its own.
    events : int
        Transactions in the topic.
    script : Path
        The job.
    until : callable
        What else must have come about.
    """
    servers, scores = services.bootstrap_servers, settings.topics.scores
    create_topics(settings, servers)
    job = submit(settings, services, script=script)
    await_records(settings, servers, scores, 1, seconds=PATIENCE_S)
    begun = now_ms()
    await_records(settings, servers, scores, events, seconds=PATIENCE_S)
    if not wait_until(until, seconds=PATIENCE_S):
        raise RuntimeFailure(f"expected the job to be done within {PATIENCE_S:.0f} s: see {settings.state.logs}")
    seconds = (now_ms() - begun) / 1000
    stop_job(settings, services, job.job_id, savepoint=False)
    return seconds

"""Rates of jobs that drain filled topics in turn, on the same warm TaskManager."""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from rich.table import Table

from benchmarks.baselines.arguments import Arguments
from benchmarks.bench import PATIENCE_S, console
from benchmarks.topic_growth import MIDDLE, TopicGrowth
from fraudstream.control.submit import SCRIPT, stop_job, submit
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topic_reader import await_records, topic_size
from fraudstream.kafka.topics import create_topics
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT
from producers.simulation_config import SimulationConfig
from schemas.wall_clock import now_ms

WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS, BRIEF_EVENTS = 1_000_000, 60_000
TURNS = 3
"""Turns of each side. The first of each warms the JVM up and does not count."""
POLL_S, LEADERS_S = 0.5, 20.0


def in_turns(sides: Mapping[str, Callable[[int], float]], events: int, turns: int = TURNS) -> dict[str, float]:
    """Drain by each side in turn, print the rates and return each side's mean of those that count, events per second.

    Parameters
    ----------
    sides : mapping of name to callable
        Drain with this number, on topics of its own; returns its seconds.
    events : int
        Records in the topic.
    turns : int
        Turns of each side. The first of several does not count.
    """

    def rate_of(seconds_of: Callable[[int], float]) -> Callable[[int], float]:
        return lambda number: events / seconds_of(number)

    rates = rates_in_turns({name: rate_of(seconds_of) for name, seconds_of in sides.items()}, turns)
    table = Table(box=None)
    table.add_column("drained")
    table.add_column("events/s, turn by turn", justify="right")
    for name, found in rates.items():
        table.add_row(name, ", ".join(f"{rate:,.0f}" for rate in found))
    console.print(table)
    return {name: statistics.mean(found) for name, found in rates.items()}


def rates_in_turns(sides: Mapping[str, Callable[[int], float]], turns: int = TURNS) -> dict[str, list[float]]:
    """Drain by each side in turn and return each side's rates that count, events per second.

    Parameters
    ----------
    sides : mapping of name to callable
        Drain with this number, on topics of its own; returns its rate.
    turns : int
        Turns of each side. The first of several does not count.
    """
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(turns):
        for number, (name, rate_of) in enumerate(sides.items()):
            with console.status(f"draining {name}, {turn + 1} of {turns}"):
                rates[name].append(rate_of(turn * len(sides) + number))
    return {name: found[turns > 1 :] for name, found in rates.items()}


@contextmanager
def scoring(services: Services, script: Path = SCRIPT) -> Iterator[int]:
    """Run a job on its settings' topics, made where they are missing; yields the time of its first score, in ms."""
    create_topics(services.broker)
    job = submit(services, script=script)
    await_records(services.broker, services.settings.topics.scores, 1, seconds=PATIENCE_S)
    yield now_ms()
    stop_job(services, job.job_id, savepoint=False)


def drain_seconds(services: Services, expected: dict[str, int], script: Path = SCRIPT) -> float:
    """Return the seconds from a new job's first score until each output topic has its expected records.

    Raises
    ------
    RuntimeFailure
        All of them were there at the first poll: nothing was measured.
    """
    with scoring(services, script) as begun:
        require_unfinished(expected, {topic: topic_size(services.broker, topic) for topic in expected})
        for topic, count in expected.items():
            await_records(services.broker, topic, count, seconds=PATIENCE_S)
        return (now_ms() - begun) / 1000


def require_unfinished(expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Refuse a drain that ended before its first poll, whose duration would be that of the poll."""
    if all(found[topic] >= count for topic, count in expected.items()):
        counts = ", ".join(f"{count:,} records of {topic}" for topic, count in expected.items())
        raise RuntimeFailure(f"expected a drain that outlasts its first poll, got all {counts} at it. Use more events.")


def job_rate(services: Services, count: int) -> float:
    """Return a new job's steady rate over its settings' topics, which hold `count` transactions, events a second."""
    create_topics(services.broker)
    job = submit(services)
    rate = scored_rate(services, count)
    stop_job(services, job.job_id, savepoint=False)
    return rate


def loop_rate(services: Services, count: int) -> float:
    """Return the plain loop's steady rate over the first `count` transactions, events a second."""
    create_topics(services.broker)
    _await_leaders(services)
    settings = services.settings
    arguments = Arguments(
        bootstrap_servers=services.broker.bootstrap_servers,
        model=settings.model.artifact.absolute(),
        topic=settings.topics.transactions,
        scores_topic=settings.topics.scores,
        alerts_topic=settings.topics.alerts,
        state=settings.state.root,
        process=0,
        processes=1,
    )
    line = [sys.executable, "-m", "benchmarks.baselines.plain_loop", *arguments.as_options()]
    with subprocess.Popen(  # noqa: S603
        line, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as loop:

        def require_alive() -> None:
            if loop.poll():
                raise RuntimeFailure(f"the plain loop failed: {loop.communicate()[1][-500:]}")

        try:
            return scored_rate(services, count, on_poll=require_alive)
        finally:
            loop.terminate()


def _await_leaders(services: Services) -> None:
    """Wait until the broker answers for the scores topic: just after creating it, it does not."""
    topic = services.settings.topics.scores

    def answers() -> bool:
        try:
            topic_size(services.broker, topic)
        except KafkaException:
            return False
        return True

    if not wait_until(answers, seconds=LEADERS_S):
        raise RuntimeFailure(f"expected the broker to answer for {topic} within {LEADERS_S:.0f} s, got no answer")


def scored_rate(
    services: Services,
    count: int,
    *,
    between: tuple[float, float] = MIDDLE,
    on_poll: Callable[[], None] = lambda: None,
) -> float:
    """Wait for `count` scores; return how many a second were written between two shares of them."""
    broker, topic = services.broker, services.settings.topics.scores
    begun_ms = now_ms()
    await_records(broker, topic, count, seconds=PATIENCE_S, interval_s=POLL_S, on_count=lambda _count: on_poll())
    span_ms = range(begun_ms, now_ms() + 1)
    with TopicGrowth(broker, topic) as growth:
        return growth.rate(count, span_ms, between)

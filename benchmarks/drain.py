"""Jobs of their own, one after the other on the same warm TaskManager, for benchmarks that compare what they read."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.bench import PATIENCE_S
from runtime.embedded import Services
from runtime.settings import Settings
from runtime.submit import stop_job, submit
from runtime.topic_reader import await_records
from runtime.topics import create_topics
from schemas.wall_clock import now_ms


@contextmanager
def scoring(settings: Settings, services: Services) -> Iterator[int]:
    """Run a job on its settings' topics, made where they are missing; gives when its first score was there, in ms."""
    create_topics(settings, services.bootstrap_servers)
    job = submit(settings, services)
    await_records(settings, services.bootstrap_servers, settings.topics.scores, 1, seconds=PATIENCE_S)
    yield now_ms()
    stop_job(settings, services, job.job_id, savepoint=False)


def drain_seconds(settings: Settings, services: Services, wanted: dict[str, int]) -> float:
    """Return the seconds from a new job's first score until each output topic has the records that are wanted."""
    with scoring(settings, services) as begun:
        for topic, count in wanted.items():
            await_records(settings, services.bootstrap_servers, topic, count, seconds=PATIENCE_S)
        return (now_ms() - begun) / 1000

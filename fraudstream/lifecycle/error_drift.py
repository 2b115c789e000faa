"""Drift of the error of models."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fraudstream.kafka.broker import Broker
from fraudstream.lifecycle.known_models import load_known_model
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady
from models.monitoring.error_watch import ErrorWatch
from models.monitoring.label_monitor import Matured
from schemas.wall_clock import now_ms


@contextmanager
def error_drift(broker: Broker) -> Iterator[Callable[[Matured], None]]:
    """Yield a callback that monitors the error of each model, and writes drift events to the drift topic.

    A newly promoted model is monitored from its first mature transaction. A model that is not in the settings, the
    store or the registry is ignored.
    """
    topic = broker.topics.drift
    codec = broker.codec(topic)
    watches: dict[str, ErrorWatch | None] = {}
    with broker.publisher() as publisher:

        def on_matured(matured: Matured) -> None:
            if matured.model_id not in watches:
                watches[matured.model_id] = _watch(broker.settings, matured.model_id)
            watch = watches[matured.model_id]
            if watch is not None and (records := watch.update(matured, now_ms())):
                publisher.publish([(record["signal"].encode(), codec.encode(record)) for record in records], topic)
                publisher.flush()

        yield on_matured


def _watch(settings: Settings, model_id: str) -> ErrorWatch | None:
    try:
        return ErrorWatch(load_known_model(settings, model_id).manifest)
    except NotReady:
        return None

"""The job's orders: which models it is to score with, see `schemas/avro/control.avsc`."""

from __future__ import annotations

from producers.publisher import Publisher
from runtime.embedded import Services
from runtime.kafka_client import shared_properties
from runtime.registry_access import registry_of
from runtime.settings import Settings
from runtime.topic_reader import read_topic
from runtime.topics import require_topics
from schemas.avro_schemas import CONTROL
from schemas.codec import RecordCodec
from schemas.deployment import DEPLOYMENT_KEY, Challenger, Deployment, Served
from schemas.registry import value_subject

__all__ = ["Challenger", "Deployment", "Served", "publish_deployment", "read_deployment"]


def publish_deployment(settings: Settings, services: Services, deployment: Deployment) -> None:
    """Order the job to score with other models; what it makes of it, `model_events` tells.

    Parameters
    ----------
    settings, services
        Where to write.
    deployment
        All that the job is to do, in place of what was ordered before.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    topic = settings.topics.control
    require_topics(settings, services.bootstrap_servers, topic)
    payload = _codec(settings).encode(deployment.to_record())
    with Publisher(services.bootstrap_servers, settings=shared_properties(settings)) as publisher:
        publisher.publish([(DEPLOYMENT_KEY.encode(), payload)], topic)
        publisher.flush()


def read_deployment(settings: Settings, services: Services) -> Deployment | None:
    """Read what was ordered last, None when nothing ever was: the job scores with the model of its settings.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    topic = settings.topics.control
    require_topics(settings, services.bootstrap_servers, topic)
    newest = None
    for message in read_topic(settings, services.bootstrap_servers, topic):
        if message.key() == DEPLOYMENT_KEY.encode():
            newest = message.value()
    return None if newest is None else Deployment.from_record(_codec(settings).decode(newest))


def _codec(settings: Settings) -> RecordCodec:
    return RecordCodec(CONTROL, value_subject(settings.topics.control), registry_of(settings))

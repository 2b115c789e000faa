"""The job's orders: its models, see `schemas/avro/control.avsc`, and the rules beside them, see `rules.avsc`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import Message

from producers.publisher import Publisher
from runtime.configuration.settings import Settings
from runtime.kafka.kafka_client import shared_properties
from runtime.kafka.registry_access import registry_of
from runtime.kafka.topic_codecs import TopicCodecs, read_records
from runtime.kafka.topic_reader import read_topic
from runtime.kafka.topics import require_topics
from runtime.local.embedded import Services
from schemas.avro_schemas import CONTROL, RULES, SNOOZE
from schemas.codec import RecordCodec
from schemas.customer_snooze import SNOOZE_PREFIX, CustomerSnooze
from schemas.deployment import DEPLOYMENT_KEY, Challenger, Deployment, Served
from schemas.registry import rules_subject, snoozes_subject, value_subject
from schemas.rule_book import RULES_KEY, RuleBook, RuleError

__all__ = [
    "Challenger",
    "Deployment",
    "Served",
    "publish_deployment",
    "publish_rules",
    "publish_snooze",
    "read_deployment",
    "read_rules",
    "read_snoozes",
]

T = TypeVar("T")

MOST_BOOK_BYTES = 900_000
"""Of a rule book, encoded: no broker at its defaults takes a record of a megabyte."""


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
    _publish(settings, services, DEPLOYMENT_KEY, _codec(settings).encode(deployment.to_record()))


def read_deployment(settings: Settings, services: Services) -> Deployment | None:
    """Read what was ordered last, None when nothing ever was: the job scores with the model of its settings.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    newest = _newest_deployment(settings, services)
    return None if newest is None else newest[1]


def publish_rules(settings: Settings, services: Services, book: RuleBook) -> None:
    """Order the job to decide by other rules; what it makes of them, `model_events` tells.

    Raises
    ------
    RuleError
        The book is too large.
    NotReady
        There is no control topic, or no broker answers.
    """
    payload = _rules_codec(settings).encode(book.to_record())
    if len(payload) > MOST_BOOK_BYTES:
        raise RuleError(
            f"expected a rule book of at most {MOST_BOOK_BYTES:,} bytes, was {len(payload):,}: shorten its lists"
        )
    _publish(settings, services, RULES_KEY, payload)


def read_rules(settings: Settings, services: Services) -> RuleBook | None:
    """Read the rule book that was ordered last, None when there never was one.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    newest = _newest_book(settings, services)
    return None if newest is None else newest[1]


def publish_snooze(settings: Settings, services: Services, snooze: CustomerSnooze) -> None:
    """Order the job to follow a customer's snooze; one that is over leaves a tombstone behind it.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    # The job answers the record, which a tombstone has no id for; compaction then removes both.
    _publish(settings, services, snooze.key, _snoozes_codec(settings).encode(snooze.to_record()))
    if snooze.until is None:
        _publish(settings, services, snooze.key, None)


def read_snoozes(settings: Settings, services: Services) -> dict[str, CustomerSnooze]:
    """Read the newest snooze of each customer that has one, by customer; records that the job refuses are skipped.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    topic, registry = settings.topics.control, registry_of(settings)
    require_topics(settings, services.bootstrap_servers, topic)
    subjects = {topic: snoozes_subject(topic)}
    codecs = TopicCodecs(settings, {topic: SNOOZE}, subjects=subjects, registry=registry, at_once=False)
    newest: dict[str, CustomerSnooze] = {}
    for message in read_topic(settings, services.bootstrap_servers, topic):
        key = (message.key() or b"").decode(errors="replace")
        if key.startswith(SNOOZE_PREFIX):
            _note_snooze(newest, codecs, message, key.removeprefix(SNOOZE_PREFIX))
    codecs.report(topic)
    return newest


def _note_snooze(newest: dict[str, CustomerSnooze], codecs: TopicCodecs, message: Message, customer_id: str) -> None:
    """Follow a record as a shard does, `ShardSnoozes.take`."""
    if not message.value():
        newest.pop(customer_id, None)
        return
    snooze = codecs.parse(message, CustomerSnooze.from_record)
    if snooze is None:
        return
    if snooze.customer_id != customer_id:
        codecs.skip(message, "expected the customer of the key, got another")
    elif snooze.until is None:
        newest.pop(customer_id, None)
    else:
        newest[customer_id] = snooze


def newest_orders(settings: Settings, services: Services) -> dict[str, bytes]:
    """Read the newest deployment and rule book that can be followed, by their keys, as they were written.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    found = {
        DEPLOYMENT_KEY: _newest_deployment(settings, services),
        RULES_KEY: _newest_book(settings, services),
    }
    return {key: newest[0].value() or b"" for key, newest in found.items() if newest is not None}


def _publish(settings: Settings, services: Services, key: str, payload: bytes | None) -> None:
    topic = settings.topics.control
    require_topics(settings, services.bootstrap_servers, topic)
    with Publisher(services.bootstrap_servers, settings=shared_properties(settings)) as publisher:
        publisher.publish([(key.encode(), payload)], topic)
        publisher.flush()


def _newest_deployment(settings: Settings, services: Services) -> tuple[Message, Deployment] | None:
    return _newest(settings, services, DEPLOYMENT_KEY, CONTROL, Deployment.from_record)


def _newest_book(settings: Settings, services: Services) -> tuple[Message, RuleBook] | None:
    subject = rules_subject(settings.topics.control)
    return _newest(settings, services, RULES_KEY, RULES, RuleBook.from_record, subject)


def _newest(
    settings: Settings,
    services: Services,
    key: str,
    kind: str,
    parse: Callable[[dict[str, Any]], T],
    subject: str | None = None,
) -> tuple[Message, T] | None:
    """Return the newest record of a key that can be followed: the job too stays with it whatever comes after."""
    topic, servers = settings.topics.control, services.bootstrap_servers
    require_topics(settings, servers, topic)
    found = read_records(
        settings, servers, topic, kind, parse, takes=lambda message: message.key() == key.encode(), subject=subject
    )
    newest = None
    for pair in found:
        newest = pair
    return newest


def _snoozes_codec(settings: Settings) -> RecordCodec:
    return RecordCodec(SNOOZE, snoozes_subject(settings.topics.control), registry_of(settings))


def _rules_codec(settings: Settings) -> RecordCodec:
    return RecordCodec(RULES, rules_subject(settings.topics.control), registry_of(settings))


def _codec(settings: Settings) -> RecordCodec:
    return RecordCodec(CONTROL, value_subject(settings.topics.control), registry_of(settings))

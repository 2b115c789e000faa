"""Control records: deployments, rule books, snoozes and list entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fraudstream.control.control_state import read_control
from fraudstream.devstack.stack import Services
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topics import require_topics
from fraudstream.settings.settings import Settings
from producers.schedule import ConstantRate
from schemas.avro_schemas import CONTROL, LIST_ENTRY, RULES, SNOOZE
from schemas.codec import RecordCodec
from schemas.customer_snooze import CustomerSnooze
from schemas.deployment import DEPLOYMENT_KEY, Challenger, Deployment, Served
from schemas.list_entry import ListEntryRecord
from schemas.registry import lists_subject, rules_subject, snoozes_subject, value_subject
from schemas.rule_book import RULES_KEY, RuleBook, RuleError

__all__ = [
    "Challenger",
    "Deployment",
    "Served",
    "encode_rules",
    "publish_deployment",
    "publish_entries",
    "publish_rules",
    "publish_snooze",
    "read_deployment",
    "read_rules",
    "read_snoozes",
]

MAX_BOOK_BYTES = 900_000
"""Maximum size of an encoded rule book: brokers with default settings refuse a record of a megabyte."""

ENTRIES_PER_S = 10_000
"""List entries that are sent a second: a shard scores between those of 100 ms and the next ones."""


def publish_deployment(settings: Settings, services: Services, deployment: Deployment) -> None:
    """Publish a deployment; `model_events` has the answers of the shards.

    Parameters
    ----------
    settings, services
        Broker and control topic.
    deployment
        Models of the job, in place of all of the deployment before.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    _publish(settings, services, DEPLOYMENT_KEY, _codec(settings).encode(deployment.to_record()))


def read_deployment(settings: Settings, services: Services) -> Deployment | None:
    """Read the newest deployment, None where there is none: the job scores with the model of its settings.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    return read_control(settings, services, (CONTROL,)).deployment


def encode_rules(settings: Settings, book: RuleBook) -> bytes:
    """Return a rule book as a record of the control topic.

    Raises
    ------
    RuleError
        The book is too large.
    """
    payload = RecordCodec(RULES, rules_subject(settings.topics.control), registry_of(settings)).encode(book.to_record())
    if len(payload) > MAX_BOOK_BYTES:
        raise RuleError(
            f"expected a rule book of at most {MAX_BOOK_BYTES:,} bytes, got {len(payload):,}. Shorten its lists"
        )
    return payload


def publish_rules(settings: Settings, services: Services, book: RuleBook) -> None:
    """Publish a rule book in place of any other; `model_events` has the answers of the shards.

    Raises
    ------
    RuleError
        The book is too large.
    NotReady
        There is no control topic, or no broker answers.
    """
    _publish(settings, services, RULES_KEY, encode_rules(settings, book))


def read_rules(settings: Settings, services: Services) -> RuleBook | None:
    """Read the newest rule book, None where there is none.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    return read_control(settings, services, (RULES,)).book


def publish_snooze(settings: Settings, services: Services, snooze: CustomerSnooze) -> None:
    """Publish a customer's snooze, followed by a tombstone if it is over.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    # The job answers the record, which a tombstone has no id for; compaction then removes both.
    codec = RecordCodec(SNOOZE, snoozes_subject(settings.topics.control), registry_of(settings))
    _publish(settings, services, snooze.key, codec.encode(snooze.to_record()))
    if snooze.until is None:
        _publish(settings, services, snooze.key, None)


def publish_entries(
    settings: Settings, services: Services, entries: Iterable[ListEntryRecord], on_sent: Callable[[int], None]
) -> None:
    """Publish list entries in the given sequence, each removed one followed by a tombstone.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    topic, removed = settings.topics.control, list[bytes]()
    codec = RecordCodec(LIST_ENTRY, lists_subject(topic), registry_of(settings))

    def records() -> Iterator[tuple[bytes, bytes | None]]:
        for entry in entries:
            if entry.removed:
                removed.append(entry.key.encode())
            yield entry.key.encode(), codec.encode(entry.to_record())
        yield from ((key, None) for key in removed)

    require_topics(services.broker(settings), topic)
    with services.broker(settings).publisher() as publisher:
        publisher.publish(records(), topic, schedule=ConstantRate(ENTRIES_PER_S), on_progress=on_sent)
        publisher.flush()


def read_snoozes(settings: Settings, services: Services) -> dict[str, CustomerSnooze]:
    """Read the newest snooze of each customer that has one, by customer; records that the job refuses are skipped.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    return read_control(settings, services, (SNOOZE,)).snoozes


def _publish(settings: Settings, services: Services, key: str, payload: bytes | None) -> None:
    topic = settings.topics.control
    require_topics(services.broker(settings), topic)
    with services.broker(settings).publisher() as publisher:
        publisher.publish([(key.encode(), payload)], topic)
        publisher.flush()


def _codec(settings: Settings) -> RecordCodec:
    return RecordCodec(CONTROL, value_subject(settings.topics.control), registry_of(settings))

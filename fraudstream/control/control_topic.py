"""Control records: deployments, rule books, snoozes and list entries.

All functions raise NotReady where there is no control topic, or no broker answers.
"""

from collections.abc import Callable, Iterable, Iterator

from fraudstream.control.control_state import read_control
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import require_topics
from producers.schedule import ConstantRate
from schemas.avro_schemas import CONTROL, LIST_ENTRY, RULES, SNOOZE
from schemas.codec import RecordCodec
from schemas.customer_snooze import CustomerSnooze
from schemas.deployment import DEPLOYMENT_KEY, Deployment
from schemas.list_entry import ListEntryRecord
from schemas.registry import lists_subject, rules_subject, snoozes_subject, value_subject
from schemas.rule_book import RULES_KEY, RuleBook, RuleError

MAX_BOOK_BYTES = 900_000
"""Maximum size of an encoded rule book: brokers with default settings refuse a record of a megabyte."""

ENTRIES_PER_S = 10_000
"""List entries that are sent a second: a shard scores between those of 100 ms and the next ones."""


def publish_deployment(broker: Broker, deployment: Deployment) -> None:
    """Publish a deployment; `model_events` has the answers of the shards.

    Parameters
    ----------
    deployment
        Models of the job, in place of all of the deployment before.
    """
    _publish(broker, DEPLOYMENT_KEY, _codec(broker, CONTROL, value_subject).encode(deployment.to_record()))


def read_deployment(broker: Broker) -> Deployment | None:
    """Read the newest deployment, None where there is none: the job scores with the model of its settings."""
    return read_control(broker, (CONTROL,)).deployment


def encode_rules(broker: Broker, book: RuleBook) -> bytes:
    """Return a rule book as a record of the control topic.

    Raises
    ------
    RuleError
        The book is too large.
    """
    payload = _codec(broker, RULES, rules_subject).encode(book.to_record())
    if len(payload) > MAX_BOOK_BYTES:
        raise RuleError(
            f"expected a rule book of at most {MAX_BOOK_BYTES:,} bytes, got {len(payload):,}. Shorten its lists"
        )
    return payload


def publish_rules(broker: Broker, book: RuleBook) -> None:
    """Publish a rule book in place of any other; `model_events` has the answers of the shards.

    Raises
    ------
    RuleError
        The book is too large.
    """
    _publish(broker, RULES_KEY, encode_rules(broker, book))


def read_rules(broker: Broker) -> RuleBook | None:
    """Read the newest rule book, None where there is none."""
    return read_control(broker, (RULES,)).book


def publish_snooze(broker: Broker, snooze: CustomerSnooze) -> None:
    """Publish a customer's snooze, followed by a tombstone if it is over."""
    # The job answers the record, which a tombstone has no id for; compaction then removes both.
    _publish(broker, snooze.key, _codec(broker, SNOOZE, snoozes_subject).encode(snooze.to_record()))
    if snooze.until is None:
        _publish(broker, snooze.key, None)


def publish_entries(broker: Broker, entries: Iterable[ListEntryRecord], on_sent: Callable[[int], None]) -> None:
    """Publish list entries in the given sequence, each removed one followed by a tombstone."""
    topic, removed, codec = broker.topics.control, list[bytes](), _codec(broker, LIST_ENTRY, lists_subject)

    def records() -> Iterator[tuple[bytes, bytes | None]]:
        for entry in entries:
            if entry.removed:
                removed.append(entry.key.encode())
            yield entry.key.encode(), codec.encode(entry.to_record())
        yield from ((key, None) for key in removed)

    require_topics(broker, topic)
    with broker.publisher() as publisher:
        publisher.publish(records(), topic, schedule=ConstantRate(ENTRIES_PER_S), on_progress=on_sent)
        publisher.flush()


def read_snoozes(broker: Broker) -> dict[str, CustomerSnooze]:
    """Read the newest snooze of each customer that has one, by customer; records that the job refuses are skipped."""
    return read_control(broker, (SNOOZE,)).snoozes


def _publish(broker: Broker, key: str, payload: bytes | None) -> None:
    topic = broker.topics.control
    require_topics(broker, topic)
    with broker.publisher() as publisher:
        publisher.publish([(key.encode(), payload)], topic)
        publisher.flush()


def _codec(broker: Broker, kind: str, subject: Callable[[str], str]) -> RecordCodec:
    return RecordCodec(kind, subject(broker.topics.control), broker.registry())

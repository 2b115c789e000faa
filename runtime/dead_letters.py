from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from confluent_kafka import Message

from producers.publisher import Publisher
from runtime.kafka_client import shared_properties
from runtime.registry_access import registry_of
from runtime.settings import Settings
from runtime.topic_reader import read_topic
from schemas.avro_schemas import DEAD_LETTER, LABEL, TRANSACTION
from schemas.codec import RecordCodec, UndecodableError
from schemas.errors import UserError
from schemas.registry import SchemaRegistry, UnknownSchemaError, value_subject
from schemas.rejection import Reason


class NoSuchDeadLetterError(UserError):
    """There is no dead letter at the place that was named."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A record that could not be taken in, and why.

    Attributes
    ----------
    place : str
        Partition and offset in the dead-letter topic, as "0:17".
    reason : Reason
        Why, for filters and counters.
    detail : str
        Expected and was, for people.
    topic, partition, offset
        Where the record lay.
    key : str or None
        The record's key.
    payload : bytes
        The record's value, byte for byte.
    failed_at : datetime
        When it was set aside, UTC.
    """

    place: str
    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    key: str | None
    payload: bytes
    failed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which dead letters to take: those that meet every condition given; None and empty are no condition."""

    reasons: frozenset[Reason] = frozenset()
    places: frozenset[str] = frozenset()
    topic: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def has(self, letter: DeadLetter) -> bool:
        """Return whether `letter` meets every condition."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.places or letter.place in self.places)
            and self.topic in {None, letter.topic}
            and self.key in {None, letter.key}
            and (self.since is None or letter.failed_at >= self.since)
            and (self.until is None or letter.failed_at < self.until)
        )


def read_dead_letters(settings: Settings, bootstrap_servers: str, wanted: Wanted) -> Iterator[DeadLetter]:
    """Read the dead letters that there are now, each partition in its order.

    Parameters
    ----------
    settings, bootstrap_servers
        Where to read.
    wanted
        Which of them.
    """
    topic = settings.topics.dead_letters
    codec = RecordCodec(DEAD_LETTER, value_subject(topic), registry_of(settings))
    since_ms = round(wanted.since.timestamp() * 1_000) if wanted.since else None
    # A letter is written after it was set aside, so its Kafka time is never before `since`.
    for message in read_topic(settings, bootstrap_servers, topic, since_ms=since_ms):
        letter = _letter(codec, message)
        if wanted.has(letter):
            yield letter


def find_dead_letter(settings: Settings, bootstrap_servers: str, place: str) -> DeadLetter:
    """Return the dead letter at a place.

    Raises
    ------
    NoSuchDeadLetterError
        None lies there.
    """
    for letter in read_dead_letters(settings, bootstrap_servers, Wanted(places=frozenset({place}))):
        return letter
    raise NoSuchDeadLetterError(
        f"expected PARTITION:OFFSET of a dead letter, was {place}: `fraudstream dlq ls` lists the places"
    )


def replay_dead_letters(
    settings: Settings, bootstrap_servers: str, letters: Iterable[DeadLetter], *, mend_keys: bool = False
) -> int:
    """Send dead letters to the topics that they came from, byte for byte and in the order given.

    What is sent twice is scored once: the job knows a transaction_id that it has seen. What is still bad
    becomes a dead letter again.

    Parameters
    ----------
    settings, bootstrap_servers
        Where to send.
    letters
        Which.
    mend_keys
        Send each under the customer that its record names, where it can be decoded, instead of its own key.

    Returns
    -------
    int
        How many were sent.

    Raises
    ------
    PublishError
        When the broker did not take all of them.
    """
    registry = registry_of(settings)
    sent = 0
    with Publisher(bootstrap_servers, settings=shared_properties(settings)) as publisher:
        for topic, group in groupby(letters, key=lambda letter: letter.topic):
            keyed = ((customer_of(settings, registry, item) if mend_keys else item.key, item) for item in group)
            records = ((None if key is None else key.encode(), item.payload) for key, item in keyed)
            sent += publisher.publish(records, topic).records
    return sent


def customer_of(settings: Settings, registry: SchemaRegistry, letter: DeadLetter) -> str | None:
    """Return the customer that a letter's record names, or its key when it can't be decoded."""
    record = decoded(settings, registry, letter)
    return record["customer_id"] if record else letter.key


def decoded(settings: Settings, registry: SchemaRegistry, letter: DeadLetter) -> dict[str, Any] | None:
    """Return the record in a letter, None when its bytes are no record of the topic that they came from."""
    name = {settings.topics.transactions: TRANSACTION, settings.topics.labels: LABEL}.get(letter.topic)
    if name is None:
        return None
    try:
        return RecordCodec(name, value_subject(letter.topic), registry).decode(letter.payload)
    except (UndecodableError, UnknownSchemaError):
        return None


def _letter(codec: RecordCodec, message: Message) -> DeadLetter:
    record = codec.decode(message.value() or b"")
    place = f"{message.partition()}:{message.offset()}"
    return DeadLetter(**{**record, "reason": Reason(record["reason"])}, place=place)

"""Reading and replay of dead letters."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from confluent_kafka import Message

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.clocks import CLOCKS_APART_MS
from fraudstream.kafka.position import position_of
from fraudstream.kafka.record_reader import read_records
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_codecs import TopicCodecs, topic_codec
from fraudstream.kafka.topic_reader import read_record
from fraudstream.kafka.topics import require_topics
from fraudstream.settings.settings import Settings
from producers.publisher import KeyedRecord
from schemas.avro_schemas import DEAD_LETTER, LABEL, TRANSACTION
from schemas.codec import UndecodableError
from schemas.errors import UserError
from schemas.registry import SchemaRegistry, UnknownSchemaError, value_subject
from schemas.rejection import Reason
from schemas.validation import NOT_UTF8

POSITION = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """Record that could not be scored or learned, with the reason.

    Attributes
    ----------
    position : str
        Partition and offset in the dead-letter topic, as "0:17".
    reason : Reason
        Why, for filters and counters.
    detail : str
        Expected and actual value, in words.
    topic, partition, offset
        Position of the record.
    key : str or None
        The record's key, or the first characters of it; U+FFFD replaces what is not UTF-8.
    payload : bytes
        The record's value, byte for byte, or the first bytes of it.
    failed_at : datetime
        When it was set aside, UTC.
    payload_size, key_size : int or None
        Bytes of the value and characters of the key, where the letter has only the first of them.
    """

    position: str
    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    key: str | None
    payload: bytes
    failed_at: datetime
    payload_size: int | None = None
    key_size: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it has the record as it came, so that nothing need be read from where that lay."""
        exact_key = self.key_size is None and NOT_UTF8 not in (self.key or "")
        return exact_key and self.payload_size is None

    @property
    def size(self) -> int:
        """Bytes of the record's value."""
        return self.payload_size or len(self.payload)

    @property
    def identity(self) -> Hashable:
        """The same for letters of the same record, and of records sent again byte for byte."""
        cut = self.payload_size is not None
        return (self.topic, *((self.partition, self.offset) if cut else (self.key, self.payload)))


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Selection of the dead letters to send again.

    Attributes
    ----------
    letters : list of DeadLetter
        One for each record, each partition's in the order in which they came.
    repeats : int
        Letters of records that are among these: a failure wrote them twice, or an earlier replay came back.
    too_large : int
        Letters of records that the job would refuse again for their size.
    """

    letters: list[DeadLetter]
    repeats: int
    too_large: int

    @classmethod
    def of(cls, settings: Settings, letters: Iterable[DeadLetter]) -> Replay:
        """Choose what to send: a record once, so that replaying what stays bad never grows."""
        found = sorted(letters, key=lambda letter: (letter.topic, letter.partition, letter.offset))
        fitting = [letter for letter in found if letter.size <= settings.job.max_record_bytes]
        first: dict[Hashable, DeadLetter] = {}
        for letter in fitting:
            first.setdefault(letter.identity, letter)
        distinct = list(first.values())
        return cls(letters=distinct, repeats=len(fitting) - len(distinct), too_large=len(found) - len(fitting))


@dataclass(frozen=True, kw_only=True)
class DeadLetterFilter:
    """Conditions on dead letters, all of which must hold; None and empty are no condition."""

    reasons: frozenset[Reason] = frozenset()
    positions: frozenset[str] = frozenset()
    topic: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Return whether `letter` meets every condition."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.positions or letter.position in self.positions)
            and self.topic in {None, letter.topic}
            and self.key in {None, letter.key}
            and (self.since is None or letter.failed_at >= self.since)
            and (self.until is None or letter.failed_at < self.until)
        )


def read_dead_letters(broker: Broker, wanted: DeadLetterFilter) -> Iterator[DeadLetter]:
    """Read the dead letters that there are now, each partition in its order."""
    topic = broker.topics.dead_letters
    # A letter is written after it was set aside; the broker's clock, if it stamps records, may be behind the job's.
    since_ms = round(wanted.since.timestamp() * 1_000) - CLOCKS_APART_MS if wanted.since else None
    for message, letter in read_records(broker, topic, _letter, since_ms=since_ms):
        found = replace(letter, position=_position(message))
        if wanted.matches(found):
            yield found


def find_dead_letter(broker: Broker, position: str) -> DeadLetter:
    """Return the dead letter at a position.

    Raises
    ------
    UserError
        There is none.
    """
    topic = broker.topics.dead_letters
    named = POSITION.fullmatch(position)
    if named:
        message = read_record(broker, topic, int(named[1]), int(named[2]))
        if message is not None:
            codecs = TopicCodecs(broker.settings, {topic: DEAD_LETTER}, registry=broker.registry())
            letter = codecs.parse(message, _letter)
            if letter is not None:
                return replace(letter, position=_position(message))
    raise UserError(
        f"expected PARTITION:OFFSET of a dead letter, got {position}. `fraudstream dlq ls` lists the positions."
    )


def replay_dead_letters(
    broker: Broker, letters: Iterable[DeadLetter], *, rekey: bool = False
) -> tuple[int, list[DeadLetter]]:
    """Send dead letters to the topics that they came from, byte for byte and in the order given.

    What is sent twice is scored once: the job knows a transaction_id that it has seen. What is still bad
    becomes a dead letter again.

    Parameters
    ----------
    letters
        Dead letters to replay.
    rekey
        Send each under the customer that its record names, where it can be decoded, instead of its own key.

    Returns
    -------
    int
        How many were sent.
    list of DeadLetter
        Those that were not: the letter has a part of the record, and its topic has it no more.

    Raises
    ------
    NotReady
        A topic that they name is not there; nothing was sent.
    UserError
        The broker did not accept all of them.
    """
    registry, wanted = registry_of(broker.settings), list(letters)
    # A dead letter may name any topic, by its writer; a producer would try one that is not there for minutes.
    require_topics(broker, *dict.fromkeys(letter.topic for letter in wanted))
    sent, gone = 0, []

    def records(group: Iterable[DeadLetter]) -> Iterator[KeyedRecord]:
        for letter in group:
            record = original(broker, letter)
            if record is None:
                gone.append(letter)
                continue
            key, payload = record
            customer = customer_of(broker.settings, registry, letter, payload) if rekey else None
            yield key if customer is None else customer.encode(), payload

    with broker.publisher() as publisher:
        for topic, group in groupby(wanted, key=lambda letter: letter.topic):
            sent += publisher.publish(records(group), topic).records
    return sent, gone


def original(broker: Broker, letter: DeadLetter) -> KeyedRecord | None:
    """Return key and value of a letter's record as they came, None when they can't be had any more.

    A letter that has only a part of them has the position of the record, which is read there.
    """
    if letter.is_whole:
        return None if letter.key is None else letter.key.encode(), letter.payload
    message = read_record(broker, letter.topic, letter.partition, letter.offset)
    return None if message is None else (message.key(), message.value() or b"")


def customer_of(settings: Settings, registry: SchemaRegistry, letter: DeadLetter, payload: bytes) -> str | None:
    """Return the customer that a letter's record names, None when it can't be decoded."""
    record = decoded(settings, registry, replace(letter, payload=payload))
    return None if record is None else str(record["customer_id"])


def decoded(settings: Settings, registry: SchemaRegistry, letter: DeadLetter) -> dict[str, Any] | None:
    """Return the record in a letter, None when its bytes are no record of the topic that they came from."""
    name = {settings.topics.transactions: TRANSACTION, settings.topics.labels: LABEL}.get(letter.topic)
    if name is None:
        return None
    try:
        return topic_codec(settings, name, value_subject(letter.topic), registry).decode(letter.payload)
    except (UndecodableError, UnknownSchemaError):
        return None


def _letter(record: dict[str, Any]) -> DeadLetter:
    return DeadLetter(**{**record, "reason": Reason(record["reason"])}, position="")


def _position(message: Message) -> str:
    return "{}:{}".format(*position_of(message))

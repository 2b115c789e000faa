"""State that the control topic's records amount to, read in one pass."""

from collections.abc import Collection
from dataclasses import dataclass, field

from confluent_kafka import Message

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.position import position_of
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.kafka.topics import require_topics
from fraudstream.settings.settings import Settings
from schemas.avro_schemas import CONTROL, LIST_ENTRY, RULES, SNOOZE
from schemas.customer_snooze import SNOOZE_PREFIX, CustomerSnooze, snooze_problem
from schemas.deployment import DEPLOYMENT_KEY, Deployment
from schemas.list_entry import LIST_PREFIX, MAX_ENTRY_BYTES, ListEntryRecord, entry_problem
from schemas.registry import lists_subject, rules_subject, snoozes_subject, value_subject
from schemas.rule_book import RULES_KEY, RuleBook

KINDS = (CONTROL, RULES, SNOOZE, LIST_ENTRY)
"""Kinds of records of the control topic."""


@dataclass(kw_only=True)
class ControlState:
    """Records of the control topic that are of their kind.

    Attributes
    ----------
    deployment, book
        The newest; None where there is none.
    deployment_payload : bytes
        The deployment as it was written.
    book_payloads : list of bytes
        All rule books that the topic still has as they were written, the oldest first.
    snoozes : dict of str to CustomerSnooze
        By customer; those that were ended are left out.
    entries : dict of str to dict of str to ListEntryRecord
        By list and value; those that were removed are left out.
    record_payloads : dict of str to bytes
        The snoozes and entries as they were written, by the keys of their records.
    ranges : dict of int to list of int
        By partition, the first offset that was read, and the one after the last.
    newest_ms : int
        The newest Kafka time of what was read, milliseconds since 1970; -1 where nothing was.
    """

    deployment: Deployment | None = None
    deployment_payload: bytes = b""
    book: RuleBook | None = None
    book_payloads: list[bytes] = field(default_factory=list)
    snoozes: dict[str, CustomerSnooze] = field(default_factory=dict)
    entries: dict[str, dict[str, ListEntryRecord]] = field(default_factory=dict)
    record_payloads: dict[str, bytes] = field(default_factory=dict)
    ranges: dict[int, list[int]] = field(default_factory=dict)
    newest_ms: int = -1


def read_control(broker: Broker, kinds: Collection[str] = KINDS) -> ControlState:
    """Read the control topic once; records under its kinds' keys that are none of them are skipped and reported.

    Parameters
    ----------
    kinds
        Kinds of records to decode, of KINDS; the others are passed over.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    topic = broker.topics.control
    require_topics(broker, topic)
    reader = _ControlReader(broker.settings, kinds)
    for message in read_topic(broker, topic):
        reader.add(message)
    reader.report()
    return reader.state


class _ControlReader:
    def __init__(self, settings: Settings, kinds: Collection[str]) -> None:
        self._topic, registry = settings.topics.control, registry_of(settings)
        subjects = {
            CONTROL: value_subject(self._topic),
            RULES: rules_subject(self._topic),
            SNOOZE: snoozes_subject(self._topic),
            LIST_ENTRY: lists_subject(self._topic),
        }
        self._codecs = {
            kind: TopicCodecs(
                settings, {self._topic: kind}, subjects={self._topic: subjects[kind]}, registry=registry, at_once=False
            )
            for kind in kinds
        }
        self.state = ControlState()

    def add(self, message: Message) -> None:
        """Follow a message as the job does."""
        partition, offset = position_of(message)
        self.state.ranges.setdefault(partition, [offset, 0])[1] = offset + 1
        self.state.newest_ms = max(self.state.newest_ms, message.timestamp()[1])
        key = (message.key() or b"").decode(errors="replace")
        if key == DEPLOYMENT_KEY and CONTROL in self._codecs:
            self._add_deployment(message)
        elif key == RULES_KEY and RULES in self._codecs:
            self._add_book(message)
        elif key.startswith(SNOOZE_PREFIX) and SNOOZE in self._codecs:
            self._add_snooze(message, key)
        elif key.startswith(LIST_PREFIX) and LIST_ENTRY in self._codecs:
            self._add_entry(message, key)

    def report(self) -> None:
        """Report the records that were skipped."""
        for codecs in self._codecs.values():
            codecs.report(self._topic)

    def _add_deployment(self, message: Message) -> None:
        found = self._codecs[CONTROL].parse(message, Deployment.from_record)
        if found is not None:
            self.state.deployment, self.state.deployment_payload = found, message.value() or b""

    def _add_book(self, message: Message) -> None:
        found = self._codecs[RULES].parse(message, RuleBook.from_record)
        if found is not None:
            self.state.book = found
            self.state.book_payloads.append(message.value() or b"")

    def _add_snooze(self, message: Message, key: str) -> None:
        payload, customer_id, codecs = message.value(), key.removeprefix(SNOOZE_PREFIX), self._codecs[SNOOZE]
        snooze = codecs.parse(message, CustomerSnooze.from_record) if payload else None
        # A record that the job refuses is skipped: the job keeps the former one too.
        if payload and snooze is None:
            return
        if snooze is not None and snooze.customer_id != customer_id:
            codecs.skip(message, "expected the customer of the key, got another")
            return
        if snooze is not None and (problem := snooze_problem(snooze)):
            codecs.skip(message, problem)
            return
        if payload and snooze is not None and snooze.until is not None:
            self.state.snoozes[customer_id], self.state.record_payloads[key] = snooze, payload
        else:
            self.state.snoozes.pop(customer_id, None)
            self.state.record_payloads.pop(key, None)

    def _add_entry(self, message: Message, key: str) -> None:
        payload, (name, _, value) = message.value(), key.removeprefix(LIST_PREFIX).partition("/")
        codecs = self._codecs[LIST_ENTRY]
        entry = codecs.parse(message, ListEntryRecord.from_record) if payload else None
        # A record that the job refuses is skipped: the job keeps the former one too.
        if payload and entry is None:
            return
        if payload and entry is not None and (problem := _entry_problem(entry, key, payload)):
            codecs.skip(message, problem)
            return
        if payload and entry is not None and not entry.removed:
            self.state.entries.setdefault(name, {})[value] = entry
            self.state.record_payloads[key] = payload
        else:
            self.state.entries.get(name, {}).pop(value, None)
            self.state.record_payloads.pop(key, None)


def _entry_problem(entry: ListEntryRecord, key: str, payload: bytes) -> str:
    if entry.key != key:
        return "expected the list and the value of the key, got others"
    if len(payload) > MAX_ENTRY_BYTES:
        return f"expected a list entry of at most {MAX_ENTRY_BYTES:,} bytes, got {len(payload):,}"
    return entry_problem(entry)

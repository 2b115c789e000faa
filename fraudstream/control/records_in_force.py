"""Records of the control topic that a fresh job begins with."""

from base64 import b64encode
from dataclasses import dataclass, replace

from fraudstream.control.control_state import ControlState, read_control
from fraudstream.kafka.broker import Broker
from jobs.first_records import pack_records
from jobs.job_config import JobConfig
from models.declared.declared_rules import names_of_rules
from models.rules.rule_engine import RuleEngine
from models.rules.vocabulary import Vocabulary
from schemas.avro_schemas import RULES
from schemas.codec import RecordCodec
from schemas.registry import rules_subject
from schemas.rule_book import RuleBook


@dataclass(frozen=True, kw_only=True)
class RecordsInForce:
    """Records of the control topic that are in force, as they were written.

    Attributes
    ----------
    deployment, book : bytes or None
        The newest of their kind that a job can follow; None where there is none.
    records : dict of str to bytes
        Snoozes and list entries, by the keys of their records.
    ranges : dict of int to list of int
        By partition, the first offset that was read, and the one after the last.
    newest_ms : int
        The newest Kafka time of what was read, milliseconds since 1970; -1 where none was.
    """

    deployment: bytes | None
    book: bytes | None
    records: dict[str, bytes]
    ranges: dict[int, list[int]]
    newest_ms: int


def records_in_force(broker: Broker) -> RecordsInForce:
    """Read the records that a fresh job begins with, in one pass over the control topic.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    found = read_control(broker)
    return RecordsInForce(
        deployment=found.deployment_payload or None,
        book=_followed_book(broker, found),
        records=found.record_payloads,
        ranges=found.ranges,
        newest_ms=found.newest_ms,
    )


def _followed_book(broker: Broker, state: ControlState) -> bytes | None:
    """Return the newest rule book that the job does not refuse: it keeps the former one, too."""
    codec = RecordCodec(RULES, rules_subject(broker.topics.control), broker.registry())
    names = names_of_rules(broker.settings.declaration)
    return next((payload for payload in reversed(state.book_payloads) if _is_followed(codec, payload, names)), None)


def _is_followed(codec: RecordCodec, payload: bytes, names: Vocabulary) -> bool:
    try:
        RuleEngine(RuleBook.from_record(codec.decode(payload)), names)
    except Exception:
        return False  # the job refuses it, too
    return True


def with_control_records(config: JobConfig, found: RecordsInForce) -> JobConfig:
    """Pin the records in force, so that a fresh job's first transactions are scored and ruled on by it."""
    return replace(
        config,
        first_rules=None if found.book is None else b64encode(found.book).decode(),
        first_deployment=None if found.deployment is None else b64encode(found.deployment).decode(),
        first_records=pack_records(found.records) if found.records else None,
        first_control_ranges={str(partition): ends for partition, ends in found.ranges.items()},
        first_control_ms=found.newest_ms,
    )


def without_control_records(config: JobConfig) -> JobConfig:
    """Pin nothing: a job that continues from a state has the records there, or reads them from the topic."""
    return replace(
        config,
        first_rules=None,
        first_deployment=None,
        first_records=None,
        first_control_ranges={},
        first_control_ms=-1,
    )

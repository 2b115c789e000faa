"""Records of the control topic that a fresh job begins with."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace

from fraudstream.control.control_state import ControlState, read_control
from fraudstream.devstack.stack import Services
from fraudstream.kafka.registry_access import registry_of
from fraudstream.settings.settings import Settings
from jobs.first_records import pack_records
from jobs.job_config import JobConfig
from models.rules.rule_engine import RuleEngine
from schemas.avro_schemas import RULES
from schemas.codec import RecordCodec
from schemas.registry import rules_subject
from schemas.rule_book import RuleBook


@dataclass(frozen=True, kw_only=True)
class OrdersInForce:
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


def orders_in_force(settings: Settings, services: Services) -> OrdersInForce:
    """Read what a fresh job begins with, in one pass over the control topic.

    Raises
    ------
    NotReady
        There is no control topic, or no broker answers.
    """
    found = read_control(settings, services)
    return OrdersInForce(
        deployment=found.deployment_payload or None,
        book=_followed_book(settings, found),
        records=found.record_payloads,
        ranges=found.ranges,
        newest_ms=found.newest_ms,
    )


def _followed_book(settings: Settings, state: ControlState) -> bytes | None:
    """Return the newest rule book that the job does not refuse: it too goes on with the former one."""
    codec = RecordCodec(RULES, rules_subject(settings.topics.control), registry_of(settings))
    return next((payload for payload in reversed(state.book_payloads) if _is_followed(codec, payload)), None)


def _is_followed(codec: RecordCodec, payload: bytes) -> bool:
    try:
        RuleEngine(RuleBook.from_record(codec.decode(payload)))
    except Exception:
        return False  # whatever is wrong with a book, the job refuses it
    return True


def with_orders(config: JobConfig, orders: OrdersInForce) -> JobConfig:
    """Pin what is in force, so that a fresh job's first transactions are scored and ruled on by it."""
    return replace(
        config,
        first_rules=None if orders.book is None else b64encode(orders.book).decode(),
        first_deployment=None if orders.deployment is None else b64encode(orders.deployment).decode(),
        first_records=pack_records(orders.records) if orders.records else None,
        first_control_ranges={str(partition): ends for partition, ends in orders.ranges.items()},
        first_control_ms=orders.newest_ms,
    )


def without_orders(config: JobConfig) -> JobConfig:
    """Pin nothing: a job that goes on from a state has all of it there, or reads it from the topic."""
    return replace(
        config,
        first_rules=None,
        first_deployment=None,
        first_records=None,
        first_control_ranges={},
        first_control_ms=-1,
    )

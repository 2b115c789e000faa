"""Table of the topics: a row for each, which creation, codecs, rights, retention checks and pages read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Literal, get_type_hints

from schemas.avro_schemas import (
    ALERT,
    CONTROL,
    DEAD_LETTER,
    DRIFT,
    FEATURE_ANSWER,
    FEATURE_QUERY,
    INFERENCE,
    LABEL,
    LIST_ENTRY,
    MODEL_EVENT,
    RULES,
    SCORE,
    SHADOW,
    SNOOZE,
    TRANSACTION,
)
from schemas.registry import lists_subject, rules_subject, snoozes_subject, value_subject

FOREVER = -1


class Direction(StrEnum):
    """Use of a topic by the job."""

    READ = "read"
    WRITE = "written"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Row of the topic table.

    Parameters
    ----------
    kind
        Record kind, a file of `schemas/avro`.
    key
        Field that the records are keyed by, in words.
    job
        Whether the job reads or writes it; None: neither.
    partitions
        Number of partitions; None: `kafka.partitions`.
    retention_ms
        Retention at creation, milliseconds; None: the brokers' own.
    history_of
        Commands that read what the topic has kept, and so need a retention; see `fraudstream.kafka.retention`.
    other_kinds
        Further record kinds of the topic, with the subject of each from the topic's name.
    """

    kind: str
    key: str
    job: Direction | None = None
    partitions: int | None = None
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int | None = None
    history_of: tuple[str, ...] = ()
    other_kinds: Mapping[str, Callable[[str], str]] = field(default_factory=dict)


READ, WRITE = Direction.READ, Direction.WRITE
CUSTOMER = "customer_id"


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Names of the topics, and the topic table: a field's annotation is its row.

    Adding a topic costs its schema in `schemas/avro`, a field here, and the code that reads or writes it.
    """

    __pydantic_config__ = {"use_attribute_docstrings": True}  # noqa: RUF012 (read by pydantic, as the settings are)

    transactions: Annotated[str, Topic(kind=TRANSACTION, key=CUSTOMER, job=READ, history_of=("retrain",))] = (
        "fraud.transactions.v1"
    )
    """card transactions, keyed by customer"""
    alerts: Annotated[str, Topic(kind=ALERT, key=CUSTOMER, job=WRITE)] = "fraud.alerts.v1"
    """transactions to review or to block, with reasons"""
    scores: Annotated[str, Topic(kind=SCORE, key=CUSTOMER, job=WRITE, history_of=("monitor",))] = "fraud.scores.v1"
    """score and decision of every transaction"""
    labels: Annotated[str, Topic(kind=LABEL, key=CUSTOMER, job=READ, history_of=("retrain",))] = "fraud.labels.v1"
    """labels of transactions, fraud or genuine, with the time at which each became known"""
    drift: Annotated[str, Topic(kind=DRIFT, key="signal", job=WRITE)] = "fraud.drift.v1"
    """drift events: signals that have shifted"""
    dead_letters: Annotated[str, Topic(kind=DEAD_LETTER, key="key of the record", job=WRITE)] = "fraud.dlq.v1"
    """records that could not be scored or learned"""
    inference: Annotated[str, Topic(kind=INFERENCE, key=CUSTOMER, job=WRITE)] = "fraud.inference.v1"
    """a sample of the scored transactions, with their features"""
    control: Annotated[
        str,
        Topic(
            kind=CONTROL,
            key="setting that the record replaces",
            job=READ,
            partitions=1,  # the last deployment applies, so that all need one order
            cleanup="compact",
            other_kinds={RULES: rules_subject, SNOOZE: snoozes_subject, LIST_ENTRY: lists_subject},
        ),
    ] = "fraud.control.v1"
    """deployed models, rules, snoozes and list entries; compacted, one partition"""
    model_events: Annotated[str, Topic(kind=MODEL_EVENT, key="shard", job=WRITE, retention_ms=FOREVER)] = (
        "fraud.model-events.v1"
    )
    """each shard's answers to control records"""
    shadow: Annotated[str, Topic(kind=SHADOW, key="shard", job=WRITE)] = "fraud.shadow.v1"
    """comparison of champion and challengers"""
    queries: Annotated[str, Topic(kind=FEATURE_QUERY, key=CUSTOMER, job=READ)] = "fraud.queries.v1"
    """queries for the features of a customer"""
    features: Annotated[str, Topic(kind=FEATURE_ANSWER, key=CUSTOMER, job=WRITE)] = "fraud.features.v1"
    """answers to the queries"""

    def names(self) -> tuple[str, ...]:
        """Return all names, in the order of the fields."""
        return tuple(name for name, _ in self.rows())

    def rows(self) -> Iterator[tuple[str, Topic]]:
        """Yield the topic table: each topic's name with its row."""
        return ((getattr(self, field), row) for field, row in TOPIC_TABLE.items())

    def named(self, job: Direction) -> tuple[str, ...]:
        """Return the names of the topics that the job reads, or writes."""
        return tuple(name for name, row in self.rows() if row.job is job)

    def row(self, name: str) -> Topic:
        """Return the row of a topic by its name.

        Raises
        ------
        KeyError
            No topic of the table has the name.
        """
        return dict(self.rows())[name]

    def kinds(self) -> dict[str, str]:
        """Map each topic to the kind of record that it has; the control topic has more, see `subject_kinds`."""
        return {name: row.kind for name, row in self.rows()}

    def subject_kinds(self) -> dict[str, str]:
        """Map each subject of a schema registry to the record kind whose schema it has."""
        others = {subject(name): kind for name, row in self.rows() for kind, subject in row.other_kinds.items()}
        return {value_subject(name): kind for name, kind in self.kinds().items()} | others


_HINTS = get_type_hints(Topics, include_extras=True)

TOPIC_TABLE: Mapping[str, Topic] = {field.name: _HINTS[field.name].__metadata__[0] for field in fields(Topics)}
"""Row of each topic, by the field of `Topics`."""

"""Events of the shards on models and rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.record_reader import read_records
from fraudstream.system.deadline import wait_until
from jobs.shards import SHARD_KEYS

SERVING, REFUSED = "SERVING", "REFUSED"

ANSWER_S = 60.0
"""Time in which the shards of a running job answer a control record."""


@dataclass(frozen=True, kw_only=True)
class ModelEvent:
    """Event of a shard's models or rules: a record of `model_event.avsc`."""

    deployment_id: str
    shard: int
    at: datetime
    kind: str
    model_id: str
    challengers: tuple[str, ...]
    detail: str
    took_ms: int | None


@dataclass(frozen=True, kw_only=True)
class ShardReport:
    """Last events of one shard.

    Attributes
    ----------
    serving : ModelEvent or None
        Models that it scores with, None before its first event.
    answer : ModelEvent or None
        Outcome of the deployment in question, None while it has not answered.
    """

    shard: int
    serving: ModelEvent | None
    answer: ModelEvent | None

    @property
    def follows(self) -> bool:
        """Whether it scores with the deployment in question."""
        return self.answer is not None and self.answer.kind == SERVING

    @classmethod
    def of(cls, shard: int, events: Iterable[ModelEvent], deployment_id: str | None) -> ShardReport:
        """Select a shard's events, oldest first, and those on a deployment, if there is one."""
        of_shard = [event for event in events if event.shard == shard]
        serving = [event for event in of_shard if event.kind == SERVING]
        answers = [event for event in of_shard if event.deployment_id == deployment_id]
        return cls(shard=shard, serving=_last(serving), answer=_last(answers))


def read_model_events(broker: Broker) -> list[ModelEvent]:
    """Read the events of all shards, see `oldest_first`."""
    topic = broker.topics.model_events
    return oldest_first(event for _, event in read_records(broker, topic, _event))


def oldest_first(events: Iterable[ModelEvent]) -> list[ModelEvent]:
    """Sort events by time, each shard's in the sequence of their records.

    A shard moves to another TaskManager, whose clock may be behind the former one's: its last event stays its last.
    """
    latest: dict[int, datetime] = {}
    timed = []
    for event in events:
        latest[event.shard] = max(latest.get(event.shard, event.at), event.at)
        timed.append((latest[event.shard], event))
    return [event for _, event in sorted(timed, key=lambda pair: pair[0])]


def await_answers(broker: Broker, deployment_id: str, *, seconds: float = ANSWER_S) -> list[ShardReport]:
    """Wait until each shard has served or refused a deployment, or the time is over; return their reports."""
    found: list[ShardReport] = []
    wanted = SHARD_KEYS[broker.settings.job.shards]

    def answered() -> bool:
        events = read_model_events(broker)
        found[:] = [ShardReport.of(shard, events, deployment_id) for shard in wanted]
        return all(shard.answer is not None for shard in found)

    wait_until(answered, seconds=seconds, interval_s=0.2)
    return found


def await_one_answer(broker: Broker, record_id: str, *, seconds: float = ANSWER_S) -> list[ShardReport]:
    """Wait until any shard has answered a control record, or the time is over.

    Returns
    -------
    list of ShardReport
        Those that answered; all shards, none with an answer, where none did.
    """
    found: list[ShardReport] = []
    shards = SHARD_KEYS[broker.settings.job.shards]

    def answered() -> bool:
        events = read_model_events(broker)
        found[:] = [ShardReport.of(shard, events, record_id) for shard in shards]
        return any(shard.answer is not None for shard in found)

    wait_until(answered, seconds=seconds, interval_s=0.2)
    return [shard for shard in found if shard.answer is not None] or found


def _event(record: dict[str, Any]) -> ModelEvent:
    return ModelEvent(**{**record, "challengers": tuple(record["challengers"])})


def _last(events: list[ModelEvent]) -> ModelEvent | None:
    return events[-1] if events else None

"""Entity features of a chaos run, by the naive computation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.baselines.naive_entities import EntityEvent, EntityFacts, NaiveEntity
from benchmarks.baselines.naive_features import Event
from models.features.entity import ENTITIES, Entity
from models.features.hashing import hash_column, hash_pairs
from models.features.table import CUSTOMER_FEATURES, FEATURE_NAMES, LIVE_FEATURES, Feature

ENTITY_FEATURES = LIVE_FEATURES[len(CUSTOMER_FEATURES) :]

Sent = tuple[Mapping[str, Any], Event, Sequence[int]]
"""A transaction, what the naive engine sees of it, and the sequence numbers of its entity events."""


def entity_features(sent: Sequence[Sent]) -> list[list[float]]:
    """Return the columns of ENTITY_FEATURES of n transactions, each entity advanced by the sequence numbers.

    A number below 0, or none, is no event: the features have their missing values.
    """
    x = [[feature.missing for feature in ENTITY_FEATURES] for _ in sent]
    events = _entity_events(sent)
    for index, entity in enumerate(ENTITIES):
        columns = [column for column, feature in enumerate(ENTITY_FEATURES) if feature.entity == entity.name]
        for row, facts in _facts(sent, events, index, entity):
            for column in columns:
                x[row][column] = facts.get(_fact(ENTITY_FEATURES[column]), ENTITY_FEATURES[column].missing)
    return x


def _facts(
    sent: Sequence[Sent], events: Sequence[EntityEvent], index: int, entity: Entity
) -> Iterator[tuple[int, dict[tuple[str, str | None], float]]]:
    """Yield the transactions that have an entity, with the facts of their events, by sequence number."""
    numbered = [
        (numbers[index], row)
        for row, (record, _, numbers) in enumerate(sent)
        if index < len(numbers) and numbers[index] >= 0 and record[entity.column] is not None
    ]
    states: dict[str, NaiveEntity] = {}
    for _, row in sorted(numbered, key=itemgetter(0)):
        event = events[row]
        state = states.setdefault(sent[row][0][entity.column], NaiveEntity())
        state.forget_if_silent(event.event_time_ms)
        yield row, EntityFacts(state, event).all()
        if not state.is_duplicate(event):
            state.ingest(replace(event, is_new=state.is_new(event.customer)))


def _entity_events(sent: Sequence[Sent]) -> list[EntityEvent]:
    customers, transactions = (
        hash_column(pa.array([record[name] for record, _, _ in sent], pa.string()))
        for name in ("customer_id", "transaction_id")
    )
    pairs: list[int] = hash_pairs(customers, transactions).tolist() if len(sent) else []
    return [
        EntityEvent(
            customer=customer,
            transaction=pair,
            event_time_ms=event.event_time_ms,
            amount=float(np.float32(event.amount)),
        )
        for (_, event, _), customer, pair in zip(sent, customers.tolist(), pairs, strict=True)
    ]


def with_joint_mean(x: list[float]) -> list[float]:
    """Return the features of a transaction with the one of customer and merchant together, from their averages."""
    found = dict(zip(FEATURE_NAMES, x, strict=True))
    customer, merchant = (float(np.float32(found[name])) for name in ("amount_mean_30d", "merchant_amount_mean_30d"))
    if min(customer, merchant) >= 0:
        found["amount_to_joint_mean_30d"] = (found["amount"] + 1) / math.sqrt((customer + 1) * (merchant + 1))
    return list(found.values())


def _fact(feature: Feature) -> tuple[str, str | None]:
    return feature.operation.value, feature.window.name if feature.window else None

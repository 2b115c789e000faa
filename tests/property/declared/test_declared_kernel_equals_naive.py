"""Declared features: the compiled engine against the obvious computation, over random declarations and streams."""

import math
from functools import cache
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.baselines.naive_declared import Event, NaiveDeclared
from models.declared.aggregate_engine import AggregateEngine
from models.declared.declared_engine import DeclaredEngine
from models.declared.declared_features import DeclaredFeatures
from models.rules.language import read_condition
from schemas.declaration.core_columns import CORE_ENTITIES
from tests.property.declared.declarations import ENTITIES, KINDS, Stream, busy_stream, random_stream, random_tables
from tests.property.rules.naive import holds

DECLARATIONS = 200

parsed = cache(read_condition)


def declared_and_stream(seed: int) -> tuple[DeclaredFeatures, Stream]:
    random = np.random.default_rng(seed)
    declared = DeclaredFeatures.of(random_tables(random), KINDS, ENTITIES)
    return declared, random_stream(random, declared)


def naive(declared: DeclaredFeatures, stream: Stream) -> np.ndarray:
    engine = NaiveDeclared(declared.features, lambda text, row: holds(parsed(text), row, {}))
    entities, x = {**CORE_ENTITIES, **ENTITIES}, []
    for row, hashes, transaction in zip(stream.rows, stream.hashes, stream.transactions, strict=True):
        time_ms = round(row["event_time"].timestamp() * 1_000)
        event = Event(transaction=transaction, time_ms=time_ms, columns=row, hashes=hashes)
        keys = {
            name: None if any(row[column] is None for column in columns) else str([row[column] for column in columns])
            for name, columns in entities.items()
        }
        found = {name: np.float32(value) for name, value in engine.advance(event, keys).items()}
        for feature in filter(lambda feature: feature.parts, declared.features):
            over, under = (found[part] for part in feature.parts)
            found[feature.name] = np.float32(math.nan) if under == 0 else over / under
        x.append([found[name] for name in declared.names])
    return np.array(x, np.float32)


@pytest.mark.parametrize("seed", range(0, DECLARATIONS, 20))
def test_compiled_features_equal_the_naive_ones_bit_for_bit(seed):
    for number in range(seed, seed + 20):
        declared, stream = declared_and_stream(number)
        found, expected = DeclaredEngine(declared).described(stream.records), naive(declared, stream)
        for column, feature in enumerate(declared.features):
            np.testing.assert_array_equal(found[:, column], expected[:, column], err_msg=f"{number}: {feature}")
        assert (np.isnan(found) | (found.view(np.uint32) == expected.view(np.uint32))).all()


def test_estimates_and_tiles_of_a_busy_entity_equal_the_naive_ones_bit_for_bit():
    verbs = {"count_distinct": "customer_id", "seen_before": "device_id", "deviation": "amount", "share": "declined"}
    tables = [
        {"name": f"{verb}_{window}", verb: operand, "entity": "merchant", "window": window}
        for verb, operand in verbs.items()
        for window in ("7m", "90d")
    ]
    declared, random = DeclaredFeatures.of(tables, KINDS, ENTITIES), np.random.default_rng(0)
    stream = busy_stream(random, declared)
    found, expected = DeclaredEngine(declared).described(stream.records), naive(declared, stream)
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))
    assert (found[:, 1] % 1 != 0).any()  # estimated


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 60), min_size=1, max_size=8), st.sampled_from([1, 3, 1_000]))
def test_batches_and_reloaded_records_do_not_change_a_bit(seed, sizes, capacity):
    declared, stream = declared_and_stream(seed)
    whole = DeclaredEngine(declared).described(stream.records)
    x = declared.empty(len(stream.rows))
    for entity, events in zip(declared.entities, declared.events(stream.records), strict=True):
        stored: dict[int, bytes] = {}
        engine, start = AggregateEngine(entity.plan, load=stored.get, capacity=capacity), 0
        for number, size in enumerate(cycle(sizes)):
            if start >= len(events.keys):
                break
            engine.advance(events.part(start, start + size), x)
            start += size
            if number % 3 == 2:
                stored |= engine.records(engine.changed())
            if number % 5 == 4:
                stored |= engine.records(engine.changed())
                engine = AggregateEngine(
                    entity.plan, load=stored.get, capacity=capacity, next_sequence=engine.next_sequence
                )
    declared.write_ratios(x)
    np.testing.assert_array_equal(x.view(np.uint32), whole.view(np.uint32))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.integers(0, 200), st.integers(0, 200))
def test_events_that_are_advanced_again_count_once(seed, written, described):
    declared, stream = declared_and_stream(seed)
    for entity, events in zip(declared.entities, declared.events(stream.records), strict=True):
        width = len(stream.rows), len(declared.features)
        x, resumed, peeked = np.zeros(width, np.float32), np.zeros(width, np.float32), np.zeros(width, np.float32)
        AggregateEngine(entity.plan, load=None).advance(events, x)
        stored: dict[int, bytes] = {}
        engine = AggregateEngine(entity.plan, load=stored.get)
        engine.advance(events.part(0, written), resumed)
        stored |= engine.records(engine.changed()[::2])  # some entities alone, as while a log is written
        engine.advance(events.part(written, written + 30), resumed)
        restored = AggregateEngine(entity.plan, load=stored.get)
        restored.restore(0, events.part(0, written + 30))
        rest = events.part(written + 30)
        restored.describe(rest.part(described), peeked)
        restored.advance(rest, resumed)
        np.testing.assert_array_equal(resumed, x)

"""Live features of entities: the compiled engine against the obvious computation, over random streams."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.baselines.naive_entities import EntityEvent, EntityFacts, NaiveEntity
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entities.entity_record import EVENT
from models.features.table import FEATURES

FACTS = [
    (feature.operation.value, feature.window and feature.window.name)
    for feature in FEATURES
    if feature.entity == "device"
]
LAYOUT = ENTITY_LAYOUT
START_MS = 1_700_000_000_000
STEPS_MS = (0, 1, 999, 60_000, 599_999, 3_600_000, 86_400_000, 9 * 86_400_000, 91 * 86_400_000, -1, -60_000, -4_000_000)


def mixed(number: int) -> int:
    """Return a 64-bit hash of a small number (splitmix64)."""
    z = (number + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    z = (z ^ z >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
    return z ^ z >> 31


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[int, EntityEvent]]:
    seed = draw(st.integers(0, 2**32))
    size, keys = draw(st.sampled_from([5, 40, 200, 700])), draw(st.sampled_from([1, 2, 20]))
    people, weights = draw(st.sampled_from([1, 30, 1_000])), draw(st.lists(st.integers(0, 8), min_size=12, max_size=12))
    random = np.random.default_rng(seed)
    chances = np.array(weights, float) + np.array([4, 4, 4, 4, *[0.2] * 8])
    now_ms, events = START_MS, []
    for step in random.choice(STEPS_MS, size, p=chances / chances.sum()).tolist():
        now_ms += step
        if events and random.random() < 0.05:
            key, again = events[int(random.integers(len(events)))]
            events.append((key, replace(again, event_time_ms=now_ms)))
            continue
        events.append(
            (
                int(random.integers(keys)) + 1,
                EntityEvent(
                    customer=mixed(int(random.integers(people))),
                    transaction=mixed(10**6 + len(events)),
                    event_time_ms=now_ms,
                    amount=float(np.float32(random.choice([0, 1.5, 20, 1e6, random.random() * 100]))),
                ),
            )
        )
    return events


def encoded(events: list[tuple[int, EntityEvent]]) -> np.ndarray:
    rows = [(key, e.customer, e.transaction, e.event_time_ms, e.amount, row) for row, (key, e) in enumerate(events)]
    return np.array(rows, EVENT)


def expected(events: list[tuple[int, EntityEvent]]) -> tuple[np.ndarray, list[bool]]:
    entities: dict[int, NaiveEntity] = {}
    rows, counted = [], []
    for key, event in events:
        entity = entities.setdefault(key, NaiveEntity())
        entity.forget_if_silent(event.event_time_ms)
        facts = EntityFacts(entity, event).all()
        rows.append([facts.get(fact, missing) for fact, missing in zip(FACTS, LAYOUT.missing.tolist(), strict=True)])
        counted.append(not entity.is_duplicate(event))
        if counted[-1]:
            entity.ingest(replace(event, is_new=entity.is_new(event.customer)))
    return np.array(rows, np.float64), counted


@settings(deadline=None, max_examples=60)
@given(streams())
def test_compiled_features_equal_the_naive_ones(events):
    found = EntityEngine(LAYOUT, load=None).advance(encoded(events))
    x, counted = expected(events)
    assert found.counted.tolist() == counted
    for column, fact in enumerate(FACTS):
        np.testing.assert_allclose(found.x[:, column], x[:, column], rtol=2e-5, atol=2e-2, err_msg=str(fact))


@settings(deadline=None, max_examples=40)
@given(streams(), st.lists(st.integers(1, 60), min_size=1, max_size=8), st.sampled_from([1, 3, 1_000]))
def test_batches_and_reloaded_records_do_not_change_a_bit(events, sizes, capacity):
    whole = EntityEngine(LAYOUT, load=None).advance(encoded(events))
    stored: dict[int, bytes] = {}
    engine, parts, start = EntityEngine(LAYOUT, load=stored.get, capacity=capacity), [], 0
    for number in range(len(events)):
        size = sizes[number % len(sizes)]
        if start >= len(events):
            break
        parts.append(engine.advance(encoded(events)[start : start + size]))
        start += size
        if number % 3 == 2:
            stored |= engine.records(engine.changed())
        if number % 7 == 6:
            stored |= engine.records(engine.changed())
            engine = EntityEngine(LAYOUT, load=stored.get, capacity=capacity, next_sequence=engine.next_sequence)
    np.testing.assert_array_equal(np.vstack([part.x for part in parts]), whole.x)
    np.testing.assert_array_equal(np.concatenate([part.sequences for part in parts]), whole.sequences)
    np.testing.assert_array_equal(np.concatenate([part.counted for part in parts]), whole.counted)


@settings(deadline=None, max_examples=30)
@given(streams(), st.integers(0, 700), st.integers(0, 700))
def test_events_that_are_advanced_again_count_once(events, written, described):
    whole = EntityEngine(ENTITY_LAYOUT, load=None)
    expected = whole.advance(encoded(events))
    stored: dict[int, bytes] = {}
    engine = EntityEngine(ENTITY_LAYOUT, load=stored.get)
    engine.advance(encoded(events[:written]))
    stored |= engine.records(engine.changed()[::2])  # some entities alone, as while a log is written
    engine.advance(encoded(events[written : written + 50]))
    stored |= engine.records(engine.changed()[::3])
    restored = EntityEngine(ENTITY_LAYOUT, load=stored.get)
    restored.restore(0, encoded(events[: written + 50]))
    rest = encoded(events[written + 50 :])
    if described < len(rest):
        expected_described = expected.x[written + 50]
        np.testing.assert_array_equal(restored.describe(rest[:1])[0], expected_described)
        restored.describe(rest[described:])
    found = restored.advance(rest)
    np.testing.assert_array_equal(found.x, expected.x[written + 50 :])
    np.testing.assert_array_equal(found.sequences, expected.sequences[written + 50 :])

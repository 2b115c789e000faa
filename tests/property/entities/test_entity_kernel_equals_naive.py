"""Live features of entities: the compiled engine against the obvious computation, over random streams."""

from dataclasses import replace
from itertools import cycle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.baselines.naive_entities import EntityEvent, EntityFacts, NaiveEntity
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_facts import UNKNOWN
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entities.entity_record import EVENT, MAX_LEFT_IDS, RECENT
from models.features.table import LIVE_FEATURES
from models.features.window import HORIZON_MS

FACTS = [
    (feature.operation.value, feature.window and feature.window.name)
    for feature in LIVE_FEATURES
    if feature.entity == "device"
]
LAYOUT = ENTITY_LAYOUT
START_MS = 1_700_000_000_000
LATE_MS = (1, 2_000, 40_000, 600_000)
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


@st.composite
def busy_streams(draw: st.DrawFn) -> list[tuple[int, EntityEvent]]:
    """Return events of entities whose windows are in tiles, most in order, some late by up to several tiles."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, keys, people = (
        draw(st.sampled_from([200, 600])),
        draw(st.sampled_from([1, 3])),
        draw(st.sampled_from([9, 900])),
    )
    gap_ms, late = draw(st.sampled_from([500, 7_000, 60_000, 900_000])), draw(st.sampled_from([0, 0.1, 0.6]))
    times_ms = START_MS + np.cumsum(random.exponential(gap_ms, size).astype(np.int64))
    lateness = np.array((*LATE_MS, 32 * gap_ms * keys, 400 * gap_ms))
    times_ms -= np.where(random.random(size) < late, random.choice(lateness, size), 0)
    return [
        (
            int(random.integers(keys)) + 1,
            EntityEvent(
                customer=mixed(int(random.integers(people))),
                transaction=mixed(10**6 + number),
                event_time_ms=time_ms,
                amount=float(np.float32(random.lognormal(3, 2))),
            ),
        )
        for number, time_ms in enumerate(times_ms.tolist())
    ]


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
@given(st.one_of(streams(), busy_streams()))
def test_compiled_features_equal_the_naive_ones(events):
    found = EntityEngine(LAYOUT, load=None).advance(encoded(events))
    x, counted = expected(events)
    assert found.counted.tolist() == counted
    for column, fact in enumerate(FACTS):
        np.testing.assert_allclose(found.x[:, column], x[:, column], rtol=2e-5, atol=2e-2, err_msg=str(fact))


@settings(deadline=None, max_examples=40)
@given(
    st.one_of(streams(), busy_streams()),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
    st.sampled_from([1, 3, 1_000]),
)
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


def in_memory(engine: EntityEngine, key: int) -> tuple[np.ndarray, int]:
    """Return the sums of an entity's tiles, and the bits of its customers' last entries."""
    slot = engine._pool.slots([key])[0]
    return engine._pool.sums[slot], int(engine._pool.heads["last"][slot])


@settings(deadline=None, max_examples=40)
@given(busy_streams(), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_what_is_kept_in_memory_alone_equals_that_of_a_loaded_record(events, sizes):
    engine, start, stored = EntityEngine(LAYOUT, load=None), 0, {}
    for size in cycle(sizes):
        engine.advance(encoded(events[start : start + size]))
        start += size
        if start >= len(events):
            break
        stored |= engine.records(engine.changed())
        loaded = EntityEngine(LAYOUT, load=stored.get)
        next_event, key = encoded(events[start : start + 1]), events[start][0]
        np.testing.assert_array_equal(engine.describe(next_event), loaded.describe(next_event))
        (kept, last), (derived, derived_last) = in_memory(engine, key), in_memory(loaded, key)
        valid = (derived["lowest"] != UNKNOWN) & (kept["lowest"] == derived["lowest"])
        assert kept[valid].tobytes() == derived[valid].tobytes()
        assert last == derived_last


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.sampled_from([1, 400, 5_000]))
def test_duplicates_are_found_as_far_back_as_ids_are_kept(seed, batch):
    random, stored = np.random.default_rng(seed), {}
    entity, expected_counted, events = NaiveEntity(), [], []
    for number in range(3 * MAX_LEFT_IDS):
        again = int(random.integers(1, MAX_LEFT_IDS + RECENT + 100)) if random.random() < 0.2 else 0
        transaction = events[-again][1].transaction if 0 < again <= len(events) else mixed(number)
        event = EntityEvent(customer=7, transaction=transaction, event_time_ms=START_MS + 1_000 * number, amount=1.0)
        events.append((1, event))
        expected_counted.append(not entity.is_duplicate(event))
        if expected_counted[-1]:
            entity.ingest(event)
    engine, counted = EntityEngine(LAYOUT, load=stored.get), []
    for start in range(0, len(events), batch):
        counted += engine.advance(encoded(events[start : start + batch])).counted.tolist()
        if batch > 1 and random.random() < 0.5:
            stored |= engine.records([1])
            engine = EntityEngine(LAYOUT, load=stored.get, next_sequence=engine.next_sequence)
    assert counted == expected_counted


def test_an_event_after_the_horizon_is_described_as_the_first_of_its_entity():
    events = [
        (1, EntityEvent(customer=mixed(number), transaction=mixed(9 + number), event_time_ms=time_ms, amount=5.0))
        for number, time_ms in enumerate((START_MS, START_MS + HORIZON_MS + 2))
    ]
    engine = EntityEngine(LAYOUT, load=None)
    engine.advance(encoded(events[:1]))
    described = engine.describe(encoded(events[1:]))
    np.testing.assert_array_equal(described, EntityEngine(LAYOUT, load=None).describe(encoded(events[1:])))

"""A table of texts compared with a dict, for any entries in any batches."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.lookup import FOR_EVER_MS
from models.rules.text_table import GONE_MS, TextTable
from tests.records import NOON, NOON_MS
from tests.unit.rules.batches import rule_batch

NAMES = [f"m-{number}" for number in range(40)] + ["", "ä", "\U0001f600", "m", "m-", "x" * 70]
ENDS = [GONE_MS, NOON_MS - 1, NOON_MS, NOON_MS + 1, FOR_EVER_MS]
PUTS = st.lists(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(ENDS)), max_size=30), max_size=8)


def put(table, entries):
    texts = pa.array([text for text, _ in entries], pa.string())
    table.put(texts, np.array([end for _, end in entries], np.int64))


def found(table, names):
    batch = rule_batch(*({"merchant_id": name, "event_time": NOON} for name in names))
    return {name for name, hit in zip(names, table.find(batch, "merchant_id").tolist(), strict=True) if hit}


@settings(deadline=None)
@given(PUTS)
def test_text_is_found_up_to_its_newest_end(batches):
    table, naive = TextTable(), {}
    for entries in batches:
        put(table, entries)
        naive.update(entries)
    assert found(table, NAMES) == {name for name, end in naive.items() if end > NOON_MS}
    assert len(table) == sum(end != GONE_MS for end in naive.values())


@settings(deadline=None)
@given(PUTS, st.integers(NOON_MS - 2, NOON_MS + 2))
def test_ended_texts_are_removed_and_named(batches, before_ms):
    table, naive = TextTable(), {}
    for entries in batches:
        put(table, entries)
        naive.update(entries)
    over = {name for name, end in naive.items() if GONE_MS < end <= before_ms}
    assert sorted(table.end(before_ms)) == sorted(over)
    assert found(table, NAMES) == {name for name, end in naive.items() if end > max(NOON_MS, before_ms)}


def test_added_and_removed_texts_use_bounded_memory():
    table = TextTable()
    for start in range(0, 100_000, 1_000):
        names = [f"c-{number}" for number in range(start, start + 1_000)]
        put(table, [(name, FOR_EVER_MS) for name in names])
        put(table, [(name, GONE_MS) for name in names])
    put(table, [("c-7", NOON_MS + timedelta(days=1) // timedelta(milliseconds=1))])
    assert found(table, ["c-7", "c-8"]) == {"c-7"}
    assert table.nbytes < 500_000


def test_missing_text_is_not_found():
    table = TextTable()
    put(table, [("", FOR_EVER_MS), ("d-1", FOR_EVER_MS)])
    batch = rule_batch({"device_id": None, "event_time": NOON}, {"device_id": "d-1", "event_time": NOON})
    assert table.find(batch, "device_id").tolist() == [False, True]


def test_texts_of_a_slice_are_found():
    table = TextTable()
    names = [f"c-{number}" for number in range(500)]
    texts = pa.array(["other", *names], pa.string()).slice(1)
    table.put(texts, np.full(len(names), FOR_EVER_MS))
    assert found(table, [*names, "other"]) == set(names)

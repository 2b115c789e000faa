"""Histories of a shard behind their log, with in-memory maps; real state is tested in integration."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.operators import shard_scorer
from jobs.operators.expiry_index import KEPT_MS
from jobs.operators.history_map import HistoryMap
from jobs.operators.shard_scorer import ShardScorer
from models.features.entities.entity_inputs import EntityInputs
from models.features.history import decode_history
from models.features.table import FEATURE_NAMES
from models.scoring.transaction_scorer import TransactionScorer
from schemas.columns import TRANSACTION_ARROW
from schemas.durations import DAY_MS
from schemas.validation import event_time_ms
from tests.unit.features.engine_records import START_MS, records
from tests.unit.jobs.map_state import MapLike, State
from tests.unit.training.histories import artifact, history

ROWS = 900
RECORDS = history().slice(0, ROWS).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
NOW_MS = 4_000_000_000_000


def open_shard(state, capacity=16_384):
    def new_scorer(load):
        return TransactionScorer(artifact(), load=load, load_labels=lambda _: None, capacity=capacity)

    return ShardScorer(4, new_scorer, state, capacity)


def score(shard, batch):
    found = shard.score(batch, EntityInputs.missing(len(batch)))
    shard.keep(found)
    shard.store(int(event_time_ms(batch).max()), NOW_MS)
    return found


def run(cuts, *, restarts=(), capacity=16_384, rows=RECORDS):
    """Return scores and written histories of the records in batches, with a shard restored at some of them."""
    state = State()
    shard, scores = open_shard(state, capacity), []
    for number, (start, end) in enumerate(pairwise(sorted({0, len(rows), *cuts}))):
        if number in restarts:
            shard = open_shard(state, capacity)
        scores.append(score(shard, rows.slice(start, end - start)).scores)
    shard.write_all()
    assert not any(state.history_log)
    return np.concatenate(scores).tobytes(), dict(state.histories.items())


WHOLE = run([])


@settings(deadline=None, max_examples=40)
@given(
    cuts=st.lists(st.integers(0, ROWS - 1), max_size=60),
    restarts=st.sets(st.integers(0, 60), max_size=6),
    capacity=st.integers(5, 400),
    segment=st.integers(1, 120),
)
def test_restored_log_gives_the_same_scores_and_histories(cuts, restarts, capacity, segment):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_scorer, "SEGMENT_TRANSACTIONS", segment)
        assert run(cuts, restarts=restarts, capacity=capacity) == WHOLE


def test_one_customers_thousands_of_transactions_are_restored(monkeypatch):
    monkeypatch.setattr(shard_scorer, "SEGMENT_TRANSACTIONS", 100)
    index = RECORDS.schema.get_field_index("customer_id")
    one = RECORDS.set_column(index, "customer_id", pa.array(["c"] * ROWS))
    assert run(range(0, ROWS, 30), restarts={3, 4, 17, 29}, rows=one) == run([], rows=one)


def test_batch_that_is_reverted_is_not_logged():
    state, expected = State(), State()
    shard, other = open_shard(state), open_shard(expected)
    for start in range(0, ROWS, 100):
        batch = RECORDS.slice(start, 100)
        shard.score(RECORDS.slice(start // 2, 300), EntityInputs.missing(min(300, ROWS - start // 2)))
        shard.revert(RECORDS.slice(start // 2, 300))
        assert score(shard, batch).scores.tobytes() == score(other, batch).scores.tobytes()
    assert state.history_log == expected.history_log


def test_a_batch_is_one_entry_and_busy_histories_are_rarely_written(monkeypatch):
    monkeypatch.setattr(shard_scorer, "SEGMENT_TRANSACTIONS", 100)
    written, put_all = Counter(), HistoryMap.put_all

    def counted(self, entries, first_unseen=0):
        written.update(entries.keys())
        put_all(self, entries, first_unseen)

    monkeypatch.setattr(HistoryMap, "put_all", counted)
    state = State()
    shard = open_shard(state)
    for start in range(0, ROWS, 10):
        score(shard, RECORDS.slice(start, 10))
        assert len(shard._writing) <= 90
    assert max(written.values()) <= 2
    assert 0 < sum(map(len, state.history_log)) < 90


@pytest.mark.parametrize("restored", [False, True])
def test_transactions_in_the_log_keep_their_customer(restored):
    state = State()
    shard, later_ms = open_shard(state), START_MS + KEPT_MS
    score(shard, records({"transaction_id": "t0"}))
    shard.write_all()
    score(shard, records({"transaction_id": "t1", "event_time": later_ms}))
    if restored:
        shard = open_shard(state)
    score(shard, records({"transaction_id": "t2", "customer_id": "other", "event_time": later_ms + 2 * DAY_MS}))
    found = score(shard, records({"transaction_id": "t3", "event_time": later_ms + 2 * DAY_MS}))
    assert found.x[0, FEATURE_NAMES.index("history_count")] == 1
    shard.write_all()
    assert state.customers == {"c", "other"}
    assert len(decode_history(state.histories.get("c") or b"")[0]) == 3


def test_histories_of_an_earlier_version_are_moved():
    state = State()
    shard = open_shard(state)
    score(shard, RECORDS.slice(0, 400))
    shard.write_all()
    former = State(former_histories=MapLike(state.histories.items()), expires_on=MapLike(state.expires_on))
    moved = open_shard(former)
    assert former.former_histories == {}
    assert dict(former.histories.items()) == dict(state.histories.items())
    rest = RECORDS.slice(400)
    assert score(moved, rest).scores.tobytes() == score(shard, rest).scores.tobytes()
    moved.write_all()
    shard.write_all()
    assert (dict(former.histories.items()), former.expires_on) == (dict(state.histories.items()), state.expires_on)

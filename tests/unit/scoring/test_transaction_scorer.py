"""Scorer with its state."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features.batch import DUPLICATE
from models.features.entities.entity_tracker import EntityTracker
from models.scoring.decision import decide
from models.scoring.history_scorer import HistoryScorer
from models.scoring.transaction_scorer import TransactionScorer
from schemas.columns import TRANSACTION_ARROW
from tests.replay_scores import replay_scores
from tests.unit.training.histories import artifact, history

TABLE = history().slice(0, 1_500)
RECORDS = TABLE.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
ENTITIES = EntityTracker().advance(RECORDS)


def in_parts(cuts, capacity=16_384, restart_every=None):
    """Score RECORDS in parts with a store; the scorer is replaced after every `restart_every` parts."""
    store: dict[str, bytes] = {}
    scores = []
    bounds = [0, *sorted(cuts), len(RECORDS)]
    scorer = TransactionScorer(artifact(), load=store.get, capacity=capacity)
    for number, (start, end) in enumerate(pairwise(bounds)):
        if restart_every and number % restart_every == 0:
            scorer = TransactionScorer(artifact(), load=store.get, capacity=capacity)
        if start < end:
            scored = scorer.score(RECORDS.slice(start, end - start), entities=ENTITIES.take(slice(start, end)))
            scorer.keep()
            store.update(scorer.records(scored.customers))
            scores.append(scored.scores)
    return np.concatenate(scores), store


WHOLE, STATE = in_parts([])


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, len(RECORDS)), max_size=40))
def test_scores_and_state_have_the_same_bits_for_any_split_of_the_stream(cuts):
    scores, store = in_parts(cuts)
    assert scores.tobytes() == WHOLE.tobytes()
    assert store == STATE


def test_scores_survive_restarts_and_a_full_pool():
    scores, store = in_parts(range(0, len(RECORDS), 50), capacity=60, restart_every=3)
    assert scores.tobytes() == WHOLE.tobytes()
    assert store == STATE


@pytest.mark.parametrize("batch_rows", [1, 100, 4_096])
def test_offline_replay_gives_the_scorers_scores(batch_rows):
    assert replay_scores(TABLE, artifact(), batch_rows=batch_rows).tobytes() == WHOLE.tobytes()


def test_offline_replay_returns_scores_in_the_sequence_of_the_table():
    event_time = TABLE["event_time"].cast(pa.int64()).to_numpy()
    assert len(np.unique(event_time)) == len(event_time), "equal times would keep the shuffled order"
    shuffled = np.random.default_rng(0).permutation(len(TABLE))
    assert replay_scores(TABLE.take(pa.array(shuffled)), artifact()).tobytes() == WHOLE[shuffled].tobytes()


def test_offline_replay_reports_progress():
    states = []
    replay_scores(TABLE, artifact(), batch_rows=1_000, progress=lambda *state: states.append(state))
    assert states == [(1_000, 1_500), (1_500, 1_500)]


def test_offline_replay_of_an_empty_table_is_empty():
    assert replay_scores(TABLE.slice(0, 0), artifact()).shape == (0,)


def test_duplicates_have_their_first_score_and_change_nothing():
    store: dict[str, bytes] = {}
    scorer = TransactionScorer(artifact(), load=store.get)
    entities = ENTITIES.take(slice(0, 200))
    first = scorer.score(RECORDS.slice(0, 200), entities=entities)
    scorer.keep()
    store.update(scorer.records(first.customers))
    again = scorer.score(RECORDS.slice(0, 200), entities=entities)
    kept = again.ingest_status == DUPLICATE
    assert kept.mean() > 0.9
    assert again.scores[kept].tobytes() == first.scores[kept].tobytes()
    assert scorer.changed() == []


def test_decisions_follow_the_manifests_thresholds():
    scored = HistoryScorer(artifact()).score(RECORDS)
    manifest = artifact().manifest
    expected = decide(scored.scores, manifest.review_threshold, manifest.block_threshold)
    assert scored.decisions.tolist() == expected.tolist()
    assert scored.x.shape == (len(RECORDS), len(manifest.feature_names))

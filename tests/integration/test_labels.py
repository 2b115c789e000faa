"""Labels in the running job: known at the right time in every shard, and after a stop."""

import numpy as np
import pyarrow as pa
import pytest

from models.scoring.transaction_scorer import TransactionScorer
from producers.encoding import encode_labels
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from tests.integration.expected import card_world, known_scores

pytestmark = pytest.mark.integration

PAST, PRESENT = 8_000, 4_000
BAD = 3


@pytest.fixture(scope="module")
def world():
    """Return a stream in two parts: labelled transactions, and those scored once the labels are known."""
    table = card_world(PAST + PRESENT)
    return table.slice(0, PAST), table.slice(PAST)


def test_scores_use_the_labels_that_they_name_and_a_savepoint_keeps_them(open_lane, artifact, world):
    past, present = world
    lane = open_lane(partitions=2)
    lane.submit()
    lane.send(past)
    lane.await_scores(PAST)
    lane.send_labels(past)
    invalid = list(encode_labels(past.slice(0, BAD), FileRegistry(), "t-value"))
    positions = lane.send_raw([(b"somebody else", value) for _, value in invalid], lane.topics.labels)
    lane.await_labels(past, PAST + BAD)
    lane.submit(savepoint=lane.stop_with_savepoint())
    lane.send(present)
    lane.await_scores(PAST + PRESENT)
    lane.cancel()

    ids = set(present["transaction_id"].to_pylist())
    scores = [item for item in lane.scores() if item["transaction_id"] in ids]
    assert all(sum(item["label_offsets"]) == PAST + BAD for item in scores)
    expected = known_scores(past, present, artifact)
    assert {item["transaction_id"]: item["score"] for item in scores} == expected
    cold = TransactionScorer(artifact, load=None)
    (records,) = pa.concat_tables([past, present]).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()
    assert not np.array_equal(cold.score(records).scores[PAST:], list(expected.values())), "labels make a difference"

    letters = lane.dead_letters()
    assert sorted((item["partition"], item["offset"]) for item in letters) == sorted(positions), "once, not by shard"
    assert {(item["topic"], item["reason"]) for item in letters} == {(lane.topics.labels, Reason.KEY_MISMATCH.value)}

"""Labels in the running job: known at the right time in every shard, and after a stop."""

import numpy as np
import pyarrow as pa
import pytest

from fraudstream.system.deadline import wait_until
from models.scoring.history_scorer import HistoryScorer
from producers.encoding import encode_labels
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from tests.integration.expected import card_world, known_scores
from tests.integration.scoring_lane import Lane

pytestmark = pytest.mark.integration

PAST, PRESENT = 8_000, 4_000
BAD = 3


@pytest.fixture(scope="module")
def world():
    """Return a stream in two parts: labelled transactions, and those scored once the labels are known."""
    table = card_world(PAST + PRESENT)
    return table.slice(0, PAST), table.slice(PAST)


def await_labels(lane: Lane, table: pa.Table, count: int) -> None:
    """Send the newest transactions again, as duplicates, until all are scored with all labels."""
    newest = table.slice(len(table) - 40)

    def known() -> bool:
        lane.send(newest)
        seen = {item["customer_id"]: sum(item["label_offsets"]) for item in lane.scores()}
        return all(seen.get(customer) == count for customer in newest["customer_id"].to_pylist())

    assert wait_until(known, seconds=60, interval_s=0.5)


def test_scores_use_the_labels_that_they_name_and_a_savepoint_keeps_them(open_lane, artifact, world):
    past, present = world
    lane = open_lane(partitions=2)
    lane.submit()
    lane.send(past)
    lane.await_scores(PAST)
    lane.send_labels(past)
    invalid = list(encode_labels(past.slice(0, BAD), FileRegistry(), "t-value"))
    positions = lane.send_raw([(b"somebody else", value) for _, value in invalid], lane.topics.labels)
    await_labels(lane, past, PAST + BAD)
    lane.submit(savepoint=lane.stop_with_savepoint())
    lane.send(present)
    lane.await_scores(PAST + PRESENT)
    lane.cancel()

    ids = set(present["transaction_id"].to_pylist())
    scores = [item for item in lane.scores() if item["transaction_id"] in ids]
    assert all(sum(item["label_offsets"]) == PAST + BAD for item in scores)
    expected = known_scores(past, present, artifact)
    assert {item["transaction_id"]: item["score"] for item in scores} == expected
    cold = HistoryScorer(artifact)
    (records,) = pa.concat_tables([past, present]).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()
    assert not np.array_equal(cold.score(records).scores[PAST:], list(expected.values())), "labels make a difference"

    letters = lane.dead_letters()
    assert sorted((item["partition"], item["offset"]) for item in letters) == sorted(positions), "once, not by shard"
    assert {(item["topic"], item["reason"]) for item in letters} == {(lane.topics.labels, Reason.KEY_MISMATCH.value)}

"""A stop in mid-stream loses no transaction and changes no value. For failures see test_chaos."""

import pytest

from tests.integration.expected import Expected, card_world

pytestmark = pytest.mark.integration

RATE = 1_000.0
ROWS = 15_000
BEFORE = 2_000
"""Scores after which the stream is disturbed: some checkpoints are made, and most of it is to come."""


def assert_values(records, expected: Expected) -> None:
    """Each transaction is there, and each record of it, repeats too, has the value of the offline replay."""
    assert {item["transaction_id"]: item["score"] for item in records} == expected.scores
    assert all(item["score"] == expected.scores[item["transaction_id"]] for item in records)


def test_stop_with_savepoint_and_resume_lose_nothing_of_the_open_batch(open_lane, artifact):
    # Batches of a second: hundreds of transactions are in an open one when the savepoint is taken.
    lane, table = open_lane(state_backend="rocksdb", batch_ms=999), card_world(ROWS)
    lane.submit()
    with lane.sending(table, rate=RATE):
        lane.await_scores(BEFORE)
        savepoint = lane.stop_with_savepoint()
        before = {item["transaction_id"] for item in lane.scores()}
        lane.submit(savepoint=savepoint)
    lane.await_scores(len(table))
    lane.cancel()
    scores = lane.scores()
    assert BEFORE <= len(before) < len(table), "stopped in mid-stream"
    assert len(scores) == len(table)
    assert_values(scores, Expected.of(table, artifact))

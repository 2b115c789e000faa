"""A stop in mid-stream loses no transaction and changes no value. test_chaos covers failures."""

import pytest

from tests.integration.expected import Expected, card_world

pytestmark = pytest.mark.integration

RATE = 1_000.0
ROWS = 15_000
BEFORE = 2_000
"""Scores before the interruption: after some checkpoints, with most of the stream to come."""


def assert_values(records, expected: Expected) -> None:
    """Check that each transaction has a record, and each record the value of the offline replay."""
    assert {item["transaction_id"]: item["score"] for item in records} == expected.scores
    assert all(item["score"] == expected.scores[item["transaction_id"]] for item in records)


def test_stop_with_savepoint_and_resume_keep_the_open_batch(open_lane, artifact):
    # Batches of a second: the savepoint has hundreds of transactions in an open batch.
    lane, table = open_lane(state_backend="rocksdb", batch_ms=999, shards=8), card_world(ROWS)
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

"""What a failure, and a stop in mid-stream, may not do: lose a transaction or change a value."""

import os
import signal
from collections import Counter

import pytest

from runtime.deadline import wait_until
from runtime.embedded import add_taskmanager
from runtime.run_state import RunState
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane

pytestmark = pytest.mark.integration

RATE = 1_000.0
ROWS = 15_000
BEFORE = 2_000
"""Scores after which the stream is disturbed: some checkpoints are made, and most of it is to come."""


def kill_and_replace_taskmanager(lane: Lane) -> None:
    (victim,) = RunState.load(lane.settings.state).running("taskmanager")
    os.kill(victim.pid, signal.SIGKILL)
    assert wait_until(lambda: not victim.alive(), seconds=10)
    add_taskmanager(lane.settings)


def run_with_a_kill(lane: Lane, table) -> None:
    lane.submit()
    with lane.sending(table, rate=RATE) as sent:
        lane.await_scores(BEFORE)
        assert not sent.done()
        kill_and_replace_taskmanager(lane)
    lane.await_scores(len(table))


def assert_values(records, expected: Expected) -> None:
    """Each transaction is there, and each record of it, repeats too, has the value of the offline replay."""
    assert {item["transaction_id"]: item["score"] for item in records} == expected.scores
    assert all(item["score"] == expected.scores[item["transaction_id"]] for item in records)


def test_killed_taskmanager_loses_nothing_and_changes_no_value(open_lane, artifact):
    lane, table = open_lane(), card_world(ROWS)
    run_with_a_kill(lane, table)
    lane.cancel()
    expected = Expected.of(table, artifact)
    assert_values(lane.scores(), expected)
    # Repeats are allowed, and recognised by their ids.
    assert {item["alert_id"]: item["transaction_id"] for item in lane.alerts()} == expected.alerts
    assert lane.dead_letters() == []


def test_killed_taskmanager_repeats_nothing_to_read_committed_readers_when_exactly_once(open_lane, artifact):
    lane, table = open_lane(guarantee="exactly-once"), card_world(ROWS)
    run_with_a_kill(lane, table)
    lane.stop_with_savepoint()  # commits what is open: nothing more can come
    expected = Expected.of(table, artifact)
    scores, alerts = lane.scores(), lane.alerts()
    assert Counter(item["transaction_id"] for item in scores).most_common(1)[0][1] == 1
    assert_values(scores, expected)
    assert sorted(item["alert_id"] for item in alerts) == sorted(expected.alerts)


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

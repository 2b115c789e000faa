"""Overload: the job falls behind and catches up. `fraudstream bench endurance` is the long form."""

import pytest

from fraudstream.system.run_state import RunState
from tests.integration.expected import Expected, card_world

pytestmark = pytest.mark.integration

ROWS = 100_000
TASKMANAGER_BYTES = 2048 * 2**20
"""Memory limit of the process as computed by Flink; Python's libraries are additional in thread mode."""
PYTHON_BYTES = 512 * 2**20


def test_burst_is_scored_in_full_without_a_restart_and_in_bounded_memory(open_lane, artifact):
    lane, table = open_lane(), card_world(ROWS, customers=1_300)
    lane.submit()
    lane.send(table)
    behind = ROWS - lane.size(lane.topics.scores)
    lane.await_scores(ROWS)
    restarts = lane.rest.metrics(f"/jobs/{lane.job_ids[-1]}/metrics", "numRestarts")["numRestarts"]
    taskmanagers = RunState.load(lane.settings.state).running("taskmanager")
    resident = max(taskmanager.resident_bytes() for taskmanager in taskmanagers)
    lane.cancel()

    assert behind > 0, "the burst was no burst"
    assert int(restarts) == 0
    assert resident < TASKMANAGER_BYTES + PYTHON_BYTES
    scores = lane.scores()
    assert len(scores) == ROWS
    assert {item["transaction_id"]: item["score"] for item in scores} == Expected.of(table, artifact).scores

"""A backlog: the job scores it in full, faster than a plain loop. `fraudstream bench` has the long forms."""

import pytest

from benchmarks.drain import loop_rate, scored_rate
from fraudstream.system.run_state import RunState
from schemas.topics import Topics
from tests.integration.expected import Expected, card_world

pytestmark = pytest.mark.integration

ROWS = 100_000
TASKMANAGER_BYTES = 2048 * 2**20
"""Memory limit of the process as computed by Flink; Python is additional in thread mode, see docs/scaling.md."""
PYTHON_BYTES = 512 * 2**20


def test_backlog_is_scored_without_a_restart_in_bounded_memory_and_faster_than_by_a_plain_loop(open_lane, artifact):
    # Each customer makes about 77 transactions, so that the histories fill up.
    lane, table = open_lane(), card_world(ROWS, customers=1_300)
    lane.send(table)
    lane.submit()
    job = scored_rate(lane.services, ROWS)
    restarts = lane.rest.restarts(lane.job_ids[-1])
    taskmanagers = RunState.load(lane.settings.state).running("taskmanager")
    resident = max(taskmanager.resident_bytes() for taskmanager in taskmanagers)
    lane.cancel()

    assert restarts == 0
    assert resident < TASKMANAGER_BYTES + PYTHON_BYTES
    scores = lane.scores()
    assert len(scores) == ROWS
    assert {item["transaction_id"]: item["score"] for item in scores} == Expected.of(table, artifact).scores

    outputs = Topics(transactions=lane.topics.transactions, scores="loop.scores", alerts="loop.alerts")
    loop = loop_rate(lane.services.with_settings(topics=outputs), ROWS)
    assert job > loop

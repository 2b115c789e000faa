"""Rate of the job relative to a plain loop on one topic. `fraudstream bench throughput` is the long form."""

import pytest

from benchmarks.drain import loop_rate, scored_rate
from schemas.topics import Topics
from tests.integration.expected import card_world

pytestmark = pytest.mark.integration

ROWS = 100_000


def test_job_drains_a_topic_faster_than_a_plain_loop(open_lane):
    # Each customer makes about 77 transactions, so that the histories fill up.
    lane, table = open_lane(), card_world(ROWS, customers=1_300)
    lane.send(table)
    lane.submit()
    job = scored_rate(lane.settings, lane.services, ROWS)
    lane.cancel()
    outputs = Topics(transactions=lane.topics.transactions, scores="loop.scores", alerts="loop.alerts")
    loop = loop_rate(lane.settings.model_copy(update={"topics": outputs}), lane.services, ROWS)
    assert job > loop

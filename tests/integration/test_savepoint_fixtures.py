"""The current job continues from savepoints of releases."""

import pytest

from tests.integration.expected import known_scores
from tests.integration.savepoint_fixture import (
    LABELLED,
    LATER,
    OPEN,
    PARTITIONS,
    SCORED,
    SavepointFixture,
    versions,
)

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("version", versions())
def test_job_continues_from_a_savepoint_of_a_release_with_its_open_batch(open_lane, artifact, version):
    past = SavepointFixture.read(version)
    labels = past.rows(LABELLED)
    lane = open_lane(prefix=past.topics_prefix, partitions=PARTITIONS)
    lane.send(past.rows(LABELLED, SCORED, OPEN))
    lane.send_labels(labels)
    for topic in (lane.topics.transactions, lane.topics.labels):
        lane.delete_records(topic)  # only the savepoint has the open micro-batch and the labels now
    lane.submit(savepoint=str(past.folder))
    lane.await_scores(len(past.rows(OPEN)))
    assert sorted(item["transaction_id"] for item in lane.scores()) == sorted(past.ids(OPEN))

    lane.send(past.rows(LATER))
    lane.await_scores(len(past.rows(OPEN, LATER)))
    lane.stop_with_savepoint()
    scores = lane.scores()
    assert sorted(item["transaction_id"] for item in scores) == sorted(past.ids(OPEN, LATER))
    assert {sum(item["label_offsets"]) for item in scores} == {len(labels)}
    expected = known_scores(labels, past.rows(SCORED, OPEN, LATER), artifact)
    assert {item["transaction_id"]: item["score"] for item in scores} == {
        name: expected[name] for name in past.ids(OPEN, LATER)
    }

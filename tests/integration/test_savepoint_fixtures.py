"""The current job continues from savepoints of releases."""

import pytest

from tests.integration.expected import known_scores
from tests.integration.known_labels import await_labels
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
    lane.delete_records(lane.topics.transactions)  # only the savepoint has the open micro-batch now
    lane.submit(savepoint=str(past.folder))
    lane.await_scores(len(past.rows(OPEN)))
    assert sorted(item["transaction_id"] for item in lane.scores()) == sorted(past.ids(OPEN))

    # The labels of merchants, which shards of customers had, are read again.
    await_labels(lane, past.rows(OPEN))
    lane.send(past.rows(LATER))
    lane.await_scores(len(past.rows(OPEN, LATER)))
    lane.stop_with_savepoint()
    scores = {item["transaction_id"]: item["score"] for item in lane.scores()}
    assert scores.keys() == {*past.ids(OPEN, LATER)}
    expected = known_scores(labels, past.rows(SCORED, OPEN, LATER), artifact)
    assert {name: scores[name] for name in past.ids(LATER)} == {name: expected[name] for name in past.ids(LATER)}

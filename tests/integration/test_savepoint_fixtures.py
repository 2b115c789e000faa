"""The current job continues from savepoints of releases, and from exports of them."""

import pytest

from fraudstream.control.state_export import export_state
from fraudstream.control.state_import import import_state
from tests.integration.expected import known_scores
from tests.integration.known_labels import await_labels
from tests.integration.recreated import recreate
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


@pytest.mark.long
@pytest.mark.parametrize("version", versions())
def test_job_of_other_shards_continues_from_an_export_of_a_savepoint_of_a_release(
    open_lane, artifact, tmp_path, version
):
    past = SavepointFixture.read(version)
    labels = past.rows(LABELLED)
    lane = open_lane(prefix=past.topics_prefix, partitions=PARTITIONS)
    for topic in (lane.topics.transactions, lane.topics.labels, lane.topics.scores):
        recreate(lane.broker, topic, PARTITIONS)  # the test above has records of the same names
    lane.send(past.rows(LABELLED, SCORED, OPEN))
    lane.send_labels(labels)
    export_state(lane.services, str(past.folder), tmp_path / "state")
    lane.change(shards=1)
    lane.submit(savepoint=import_state(lane.services, tmp_path / "state"))
    await_labels(lane, past.rows(OPEN))
    lane.send(past.rows(LATER))
    lane.await_scores(len(past.rows(OPEN, LATER)))
    scores = {item["transaction_id"]: item["score"] for item in lane.scores()}
    assert scores.keys() == {*past.ids(OPEN, LATER)}, "those before the savepoint are not read again"
    expected = known_scores(labels, past.rows(SCORED, OPEN, LATER), artifact)
    assert {name: scores[name] for name in past.ids(LATER)} == {name: expected[name] for name in past.ids(LATER)}

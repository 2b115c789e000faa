"""Recreated topics: the job is not started on them by mistake, and readers start over."""

import json
import os
import subprocess
from contextlib import closing, contextmanager
from itertools import count

import pytest

from fraudstream.archive import archive_folder
from fraudstream.control.status import read_status
from fraudstream.kafka.background_reader import BackgroundReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_ids import RecreatedTopics, TopicIds
from fraudstream.kafka.topic_reader import topic_ends
from fraudstream.kafka.topics import create_topics
from fraudstream.observe.metrics.consumer_lag import ConsumerLag
from fraudstream.observe.metrics.job_metrics import JobMetrics
from fraudstream.observe.metrics.job_probe import JobProbe
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from jobs.state_manifest import StateMismatchError
from producers.encoding import encode_labels
from schemas.label_offset import split_entry
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from tests.integration.archive_command import follow_command
from tests.integration.expected import Expected, card_world, known_scores
from tests.integration.inference_records import inference_records
from tests.integration.known_labels import await_labels
from tests.integration.recreated import recreate
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration

PAST, PRESENT, AGAIN = 3_000, 1_000, 400
_numbers = count(1)


def recreate_labels(lane: Lane) -> None:
    recreate(lane.broker, lane.topics.labels)


def recreated_topics(lane: Lane) -> list[str]:
    job = next(job for job in read_status(lane.settings)["jobs"] if job["id"] == lane.job_ids[-1])
    return job["recreated_topics"]


def measured(lane: Lane) -> dict[str, float]:
    with closing(ConsumerLag(lane.broker)) as lag:
        families = JobMetrics(JobProbe(rest=lane.rest, lag=lag, ids=TopicIds(lane.broker))).collect()
        (found,) = [item for item in families if item.name == "fraud_topic_recreated"]
    return {sample.labels["topic"]: sample.value for sample in found.samples}


@pytest.mark.long
def test_recreated_labels_topic_is_reported_and_read_from_the_start_on_request(open_lane, artifact):
    table = card_world(PAST + PRESENT)
    past, present = table.slice(0, PAST), table.slice(PAST)
    lane = open_lane(partitions=1)
    lane.submit()
    lane.send(past)
    lane.send_labels(past)
    await_labels(lane, past)
    assert recreated_topics(lane) == []
    assert set(measured(lane).values()) == {0.0}
    savepoint = lane.stop_with_savepoint()

    recreate_labels(lane)
    lane.send_labels(past.slice(0, AGAIN))  # repeated labels change nothing
    with pytest.raises(
        StateMismatchError, match=r"deleted and created again.*label_offsets(?s:.*)--reset-topic labels"
    ):
        lane.submit(savepoint=savepoint)
    lane.submit(savepoint=savepoint, reset_topics=["labels"])
    invalid = next(iter(encode_labels(past.slice(0, 1), FileRegistry(), "t-value")))[1]
    (position,) = lane.send_raw([(b"somebody else", invalid)], lane.topics.labels)
    await_labels(lane, past.slice(0, AGAIN), generation=1)
    (letter,) = lane.dead_letters()  # once, not by shard
    assert (letter["partition"], letter["offset"], letter["topic"]) == (*position, lane.topics.labels)
    assert letter["reason"] == Reason.KEY_MISMATCH
    lane.send(present)
    lane.await_scores(PAST + PRESENT)
    ids = set(present["transaction_id"].to_pylist())
    scores = [item for item in lane.scores() if item["transaction_id"] in ids]
    known = {split_entry(entry)[0] for item in scores for entry in item["label_offsets"]}
    assert known == {1}, "labels of the new topic"
    expected = known_scores(past, present, artifact)
    assert {item["transaction_id"]: item["score"] for item in scores} == expected, "former labels are still known"
    unlabelled = Expected.of(table, artifact).scores
    assert any(unlabelled[name] != score for name, score in expected.items()), "labels make a difference"
    assert recreated_topics(lane) == []

    lane.submit(savepoint=lane.stop_with_savepoint())  # without an option, on the current source of the topic
    recreate_labels(lane)
    assert ["--reset-topic labels" in line for line in recreated_topics(lane)] == [True]
    assert {topic for topic, value in measured(lane).items() if value} == {lane.topics.labels}
    checkpoint = lane.cancel_after_checkpoint()
    with pytest.raises(StateMismatchError, match="--reset-topic labels"):
        lane.submit(savepoint=checkpoint)


class Seen(BackgroundReader):
    """A reader of a topic from its end on."""

    def __init__(self, broker, topic: str) -> None:
        super().__init__("seen", broker, [topic], starts=topic_ends)
        self.values: list[bytes] = []

    def _poll(self) -> None:
        messages = self._consumer.consume(100, 0.1)
        self.values += [message.value() or b"" for message in messages if message.error() is None]


@pytest.fixture
def topic(lone_broker, monkeypatch):
    """Point the command line at the broker, with a new inference topic of one partition."""
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(lone_broker))
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__PARTITIONS", "1")
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__INFERENCE", f"recreated.{next(_numbers)}")
    settings = load_settings()
    broker = Broker.of(settings)
    create_topics(broker)
    return broker, settings.topics.inference


def produce(broker: Broker, topic: str, records: list[tuple[bytes, bytes]]) -> None:
    producer = broker.producer({})
    for key, value in records:
        producer.produce(topic, key=key, value=value)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("more", [-3, 4])
def test_reader_without_a_group_reads_a_recreated_topic_from_the_start(topic, caplog, more):
    broker, name = topic
    produce(broker, name, [(b"k", b"before")] * 5)
    with Seen(broker, name) as seen:
        produce(broker, name, [(b"k", b"old")])
        assert wait_until(lambda: seen.values == [b"old"], seconds=PATIENCE_S)
        recreate(broker, name)
        expected = [f"new {number}".encode() for number in range(6 + more)]
        produce(broker, name, [(b"k", value) for value in expected])
        assert wait_until(lambda: set(expected) <= set(seen.values), seconds=PATIENCE_S), seen.values
        # On a shorter one the client itself has started over before that is noticed.
        assert wait_until(lambda: f"{name} was deleted and created again" in caplog.text, seconds=PATIENCE_S)
        assert seen.running
    assert b"before" not in seen.values


def test_missing_topic_counts_as_recreated_only_once_it_is_back(topic):
    broker, name = topic
    ids = TopicIds(broker)
    watch = RecreatedTopics(ids, [name])
    assert ids.read([name, "absent"])["absent"] is None
    assert watch.poll() == []
    recreate(broker, name)
    assert watch.poll() == [name]
    assert watch.poll() == []


@contextmanager
def following(folder):
    """Run `archive --follow`; yields the process, with its standard error captured."""
    command = follow_command(folder)
    process = subprocess.Popen(command, env=os.environ.copy(), stderr=subprocess.PIPE, text=True)  # noqa: S603
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def archived(folder) -> dict[str, int]:
    state = folder / archive_folder.STATE_FILE
    return json.loads(state.read_bytes())["next_offsets"] if state.is_file() else {}


def test_following_archive_of_a_recreated_topic_ends_and_keeps_its_files(topic, tmp_path):
    broker, name = topic
    records, folder = inference_records(300), tmp_path / "archive"
    produce(broker, name, records[:100])
    with following(folder) as process:
        assert wait_until(lambda: archived(folder) == {"0": 100}, seconds=PATIENCE_S)
        files = sorted(folder.glob("date=*/[0-9]*.parquet"))
        recreate(broker, name)
        produce(broker, name, records[100:])
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 2
        assert "created again" in " ".join(errors.split())
    assert sorted(folder.glob("date=*/[0-9]*.parquet")) == files
    with following(folder) as process:
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert "created again" in " ".join(errors.split())

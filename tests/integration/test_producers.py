"""`fraudstream replay` and `produce` against a real broker."""

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, KafkaException, Message
from confluent_kafka.admin import AdminClient, NewTopic
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.devstack.embedded_broker import EmbeddedBroker, await_broker
from fraudstream.devstack.stack import jars_for
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import read_topic, topic_size
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import NotReady
from fraudstream.system.java import find_java
from fraudstream.system.ports import free_port
from fraudstream.system.run_state import RunState
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.avro_schemas import LABEL, TRANSACTION
from schemas.codec import RecordCodec
from schemas.errors import UserError
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration

ROWS = 5_000
RATE = 2_500


_numbers = count(1)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run only a broker, as producers need no cluster; yields its state folder."""
    folder = tmp_path_factory.mktemp("broker") / "state"
    state = load_settings(paths={"state": folder}).state.create()
    run = RunState.load(state)
    try:
        port = free_port()  # never 9092: another broker may just be starting there, and would answer
        process = EmbeddedBroker(folder=state, java=find_java(), jars=jars_for("broker"), port=port).start(run)
        await_broker(process, run.bootstrap_servers)
        client = AdminClient({"bootstrap.servers": run.bootstrap_servers})
        ours = (state.kafka / "data" / "meta.properties").read_text()
        assert client.list_topics(timeout=PATIENCE_S).cluster_id in ours
        yield folder
    finally:
        run.stop()


@pytest.fixture
def settings(broker: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the command line at the broker, with two new topics."""
    number = next(_numbers)
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(broker))
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__TRANSACTIONS", f"transactions.{number}")
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__LABELS", f"labels.{number}")
    found = load_settings()
    kafka = Broker.of(found)
    create_topics(kafka)

    def led() -> bool:
        try:
            return topic_size(kafka, found.topics.labels) + topic_size(kafka, found.topics.transactions) == 0
        except KafkaException:
            return False

    assert wait_until(led, seconds=PATIENCE_S)
    return found


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "history.parquet"
    pq.write_table(simulate(SimulationConfig(seed=4, customers=200, merchants=200, days=20)), file)
    return file


@pytest.fixture(scope="module")
def rows(history: Path) -> pa.Table:
    table = pq.read_table(history)
    assert len(table) > ROWS
    return table.slice(0, ROWS)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def sent(*arguments: str) -> list[dict]:
    done = command(*arguments, "--json")
    assert done.exit_code == 0, done.exception
    return [json.loads(line) for line in done.stdout.splitlines()]


def messages(settings: Settings, topic: str) -> list[Message]:
    return list(read_topic(Broker.of(settings), topic))


def records(found: list[Message], topic: str, kind: str) -> list[dict]:
    codec = RecordCodec(kind, value_subject(topic), open_registry(None))
    return [codec.decode(message.value()) for message in found]


def by_customer(records: list[dict]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for record in records:
        found[record["customer_id"]].append(record["transaction_id"])
    return found


@pytest.mark.parametrize("pace", [[], ["--rate", str(RATE)]], ids=["unpaced", "paced"])
def test_replay_sends_every_row_once_and_keeps_the_sequence_of_each_customer(settings, history, rows, pace):
    topic = settings.topics.transactions
    (done,) = sent("replay", str(history), "--limit", str(ROWS), *pace)
    assert (done["topic"], done["records"]) == (topic, ROWS)
    found = messages(settings, topic)
    decoded = records(found, topic, TRANSACTION)
    assert [message.key().decode() for message in found] == [record["customer_id"] for record in decoded]
    assert by_customer(decoded) == by_customer(rows.to_pylist())


def test_paced_replay_stamps_each_record_with_its_due_time(settings, history):
    (done,) = sent("replay", str(history), "--limit", str(ROWS), "--rate", str(RATE))
    assert done["seconds"] >= (ROWS - 1) / RATE - 0.01
    found = messages(settings, settings.topics.transactions)
    kinds, stamps = zip(*(message.timestamp() for message in found), strict=True)
    assert set(kinds) == {TIMESTAMP_CREATE_TIME}
    due = np.arange(ROWS) * (1_000 / RATE)
    assert np.abs(np.sort(stamps) - min(stamps) - due).max() <= 1


def test_labels_follow_the_transactions_by_label_time(settings, history, rows):
    topics = settings.topics
    done = sent("replay", str(history), "--limit", str(ROWS), "--labels")
    assert [(one["topic"], one["records"]) for one in done] == [
        (topics.transactions, ROWS),
        (topics.labels, ROWS),
    ]
    found = messages(settings, topics.labels)
    last = max(message.timestamp()[1] for message in messages(settings, topics.transactions))
    assert min(message.timestamp()[1] for message in found) >= last
    known = rows.take(pa.array(np.argsort(rows["label_time"].cast("int64").to_numpy(), kind="stable")))
    assert by_customer(records(found, topics.labels, LABEL)) == by_customer(known.to_pylist())


@pytest.fixture
def stamped(settings, monkeypatch):
    """Point the command line at two new topics in which the broker stamps each record."""
    broker, number = Broker.of(settings), next(_numbers)
    names = [f"transactions.{number}", f"labels.{number}"]
    new_topics = [NewTopic(name, 3, 1, config={"message.timestamp.type": "LogAppendTime"}) for name in names]
    client = broker.admin()
    for made in client.create_topics(new_topics).values():
        made.result(timeout=PATIENCE_S)
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__TRANSACTIONS", names[0])
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__LABELS", names[1])
    return load_settings()


def stamped_records(settings, topic, kind, by):
    """Return the ids, and the times and broker timestamps of each record, sorted by time."""
    found = messages(settings, topic)
    assert {message.timestamp()[0] for message in found} == {TIMESTAMP_LOG_APPEND_TIME}
    decoded = records(found, topic, kind)
    times = np.array([record[by].timestamp() for record in decoded])
    stamps = np.array([message.timestamp()[1] for message in found])
    sequence = np.argsort(times, kind="stable")
    return sorted(record["transaction_id"] for record in decoded), times[sequence], stamps[sequence]


# Simulated labels are known a week later; here within three days, so that most are between the transactions.
@pytest.mark.parametrize("pace", [[], ["--rate", str(RATE)]], ids=["unpaced", "paced"])
def test_broker_stores_all_usable_labels_before_a_transaction(stamped, history, tmp_path, pace):
    table = pq.read_table(history)
    event_times = table["event_time"].cast("int64").to_numpy()
    known = pa.array(event_times + np.random.default_rng(1).integers(0, 3 * 86_400_000, len(table)))
    index = table.schema.get_field_index("label_time")
    table = table.set_column(index, table.schema.field(index), known.cast(table.schema.field(index).type))
    file = tmp_path / "early.parquet"
    pq.write_table(table, file)
    limit = ROWS if pace else len(table)
    done = sent("replay", str(file), "--with-labels", "--limit", str(limit), *pace)

    topics, rows = stamped.topics, table.slice(0, limit)
    ids, event_times, stamps = stamped_records(stamped, topics.transactions, TRANSACTION, "event_time")
    label_ids, label_times, label_stamps = stamped_records(stamped, topics.labels, LABEL, "label_time")
    in_time = rows.filter(pc.less_equal(rows["label_time"], rows["event_time"][-1]))
    assert ids == sorted(rows["transaction_id"].to_pylist())
    assert label_ids == sorted(in_time["transaction_id"].to_pylist())
    assert len(label_ids) > limit / 2
    assert [(one["topic"], one["records"]) for one in done] == [
        (topics.transactions, limit),
        (topics.labels, len(label_ids)),
    ]
    usable = np.searchsorted(label_times, event_times, side="right")
    newest = np.concatenate([[0], np.maximum.accumulate(label_stamps)])[usable]
    assert (newest <= stamps).all()


@pytest.mark.usefixtures("settings")
def test_labels_are_sent_after_or_between_the_transactions_not_both(history):
    refused = command("replay", str(history), "--labels", "--with-labels")
    assert isinstance(refused.exception, UserError)
    assert "got both" in str(refused.exception)


def test_summary_counts_transactions_and_labels(settings, history):
    done = command("replay", str(history), "--limit", "1000", "--with-labels")
    assert f"Sent 1,000 transactions to {settings.topics.transactions} and " in done.stdout.replace("\n", " ")
    assert f"labels to {settings.topics.labels} in " in done.stdout.replace("\n", " ")


@pytest.mark.parametrize("missing", ["is_fraud", "label_time"])
def test_file_without_labels_is_refused_before_sending(settings, rows, tmp_path, missing):
    file = tmp_path / "unlabelled.parquet"
    pq.write_table(rows.drop_columns([missing]), file)
    refused = command("replay", str(file), "--labels")
    assert isinstance(refused.exception, UserError)
    assert f"expected the column '{missing}'" in str(refused.exception)
    assert messages(settings, settings.topics.transactions) == []


def test_produce_sends_at_the_given_rate_for_the_given_seconds(settings):
    topic = settings.topics.transactions
    (done,) = sent("produce", "--rate", "300", "--seconds", "2", "--scenario", "card_testing")
    assert done["records"] == 600
    decoded = records(messages(settings, topic), topic, TRANSACTION)
    assert len({record["transaction_id"] for record in decoded}) == 600


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("verb", [["produce", "--seconds", "1"], ["replay", "none.parquet", "--labels"]])
def test_missing_topic_is_reported_at_once(monkeypatch, verb):
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__TRANSACTIONS", "not.there")
    refused = command(*verb)
    assert isinstance(refused.exception, NotReady)
    assert "expected the topic not.there" in str(refused.exception)
    assert "fraudstream topics create" in str(refused.exception)

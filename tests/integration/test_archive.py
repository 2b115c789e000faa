"""`fraudstream archive` against a real broker."""

import json
import os
import signal
import subprocess
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from confluent_kafka import Consumer, TopicPartition
from typer.testing import CliRunner

from fraudstream.archive import archive_folder
from fraudstream.archive.archiver import GROUP_ID
from fraudstream.cli import main as cli
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.deadline import wait_until
from models.features.table import FEATURE_NAMES
from models.scoring.history_scorer import HistoryScorer
from producers.publisher import Publisher
from schemas.columns import TRANSACTION_ARROW
from schemas.errors import UserError
from tests.integration.archive_command import follow_command
from tests.integration.expected import card_world
from tests.integration.inference_records import inference_records
from tests.patience import PATIENCE_S
from tests.unit.training.histories import artifact

pytestmark = pytest.mark.integration

ROWS = 6_000
_numbers = count(1)


@pytest.fixture
def settings(lone_broker: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the command line at the broker, with a new inference topic."""
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(lone_broker))
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__INFERENCE", f"inference.{next(_numbers)}")
    found = load_settings()
    create_topics(Broker.of(found))
    return found


def send(settings: Settings, records: list[tuple[bytes, bytes]]) -> None:
    with Publisher(Broker.of(settings).bootstrap_servers) as publisher:
        publisher.publish(records, settings.topics.inference)
        publisher.flush()


def archive(folder: Path) -> dict:
    done = CliRunner().invoke(cli.app, ["archive", "--out", str(folder), "--json"])
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout.splitlines()[-1])


def ids(folder: Path) -> list[str]:
    table = ds.dataset(folder, partitioning="hive").to_table(columns=["transaction_id"])
    return sorted(table["transaction_id"].to_pylist())


def archived(folder: Path) -> int:
    """Count the records in the state. Files of an unfinished batch are removed when the archiver restarts."""
    return sum(json.loads((folder / archive_folder.STATE_FILE).read_bytes())["next_offsets"].values())


def expected_ids(rows: int) -> list[str]:
    return sorted(card_world(ROWS)["transaction_id"].to_pylist()[:rows])


def test_interrupted_archive_loses_and_repeats_no_record(settings, tmp_path, monkeypatch):
    records, folder = inference_records(ROWS), tmp_path / "archive"
    send(settings, records[:2_000])
    assert archive(folder)["records"] == 2_000
    send(settings, records[2_000:4_000])
    written = []
    whole = archive_folder._write_whole

    def stopping(table, path):
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(path)
        whole(table, path)

    with monkeypatch.context() as patch:
        patch.setattr(archive_folder, "_write_whole", stopping)
        done = CliRunner().invoke(cli.app, ["archive", "--out", str(folder)])
        assert done.exit_code != 0
    send(settings, records[4_000:])
    assert archive(folder)["records"] == 4_000
    assert ids(folder) == expected_ids(ROWS)
    assert archive(folder)["records"] == 0


def test_killed_following_archive_continues_after_its_last_file(settings, tmp_path):
    records, folder = inference_records(ROWS), tmp_path / "archive"
    command = follow_command(folder)
    send(settings, records[:1_000])
    process = subprocess.Popen(command, env=os.environ.copy())  # noqa: S603
    try:
        assert wait_until(lambda: list(folder.glob("date=*/[0-9]*.parquet")) != [], seconds=PATIENCE_S)
        send(settings, records[1_000:3_000])
    finally:
        process.kill()
        process.wait()
    send(settings, records[3_000:5_000])
    process = subprocess.Popen(command, env=os.environ.copy())  # noqa: S603
    try:
        assert wait_until(lambda: archived(folder) >= 5_000, seconds=PATIENCE_S)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    assert ids(folder) == expected_ids(5_000)


def test_archived_features_equal_the_logged_ones_bit_for_bit(settings, tmp_path):
    send(settings, [(b"c", b"poison"), *inference_records(ROWS)])
    done = archive(tmp_path / "archive")
    assert (done["records"], done["undecodable"]) == (ROWS, 1)
    table = ds.dataset(tmp_path / "archive", partitioning="hive").to_table().sort_by("offset")
    transactions = card_world(ROWS).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    scored = HistoryScorer(artifact()).score(transactions)
    x = np.column_stack([table[name].to_numpy() for name in FEATURE_NAMES])
    assert x.tobytes() == scored.x.tobytes()
    assert table["score"].to_numpy().tobytes() == scored.scores.tobytes()
    assert table["transaction_id"].equals(pa.chunked_array([transactions.column("transaction_id")]))
    assert table["label_offsets"][0].as_py() == [1, 2]


def test_group_reports_the_lag_after_the_files_are_written(settings, tmp_path):
    send(settings, inference_records(ROWS))
    archive(tmp_path / "archive")
    consumer = Consumer({"bootstrap.servers": Broker.of(settings).bootstrap_servers, "group.id": GROUP_ID})
    try:
        partitions = [TopicPartition(settings.topics.inference, part) for part in range(settings.kafka.partitions)]
        committed = {item.partition: item.offset for item in consumer.committed(partitions, timeout=PATIENCE_S)}
    finally:
        consumer.close()
    assert sum(offset for offset in committed.values() if offset > 0) == ROWS


def test_archive_of_a_recreated_topic_is_refused(settings, tmp_path):
    folder = tmp_path / "archive"
    send(settings, inference_records(ROWS))
    archive(folder)
    state = folder / archive_folder.STATE_FILE
    state.write_text(state.read_text().replace('"0":', '"0":9'))
    done = CliRunner().invoke(cli.app, ["archive", "--out", str(folder)])
    assert isinstance(done.exception, UserError)
    assert "created again" in str(done.exception)

"""`fraudstream ingest` against a real broker: a team's records in JSON become transactions, each exactly once."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import Message
from confluent_kafka.admin import NewTopic
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.imports.json_records import json_rows
from fraudstream.imports.map_file import read_map
from fraudstream.imports.shared_reader import SharedReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.deadline import wait_until
from producers.publisher import Publisher
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.declaration_file import read_declaration
from schemas.errors import UserError
from schemas.mapping.row_converter import RowConverter
from tests.cards import card_numbers
from tests.integration.recreated import await_leaders, recreate
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration

PARTITIONS = 3
PARTS, PART = 4, 1_000
RECORDS = PARTS * PART
KEY = "CARD_HASH_KEY"
MAP = """
[transaction]
transaction_id = "id"
customer_id = "customer.id"
merchant_id = "shop"
merchant_category = { constant = "none" }
transaction_type = { constant = "purchase" }
amount_minor = "amount"
currency = "currency"
event_time = { column = "paid_at", format = "epoch_ms" }
"""
LABELS = """is_fraud = "fraud"
label_time = { column = "reported_at", format = "epoch_ms" }
"""
PAID_AT = 1_767_225_600_000

_numbers = count(1)


def payment(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"p-{number}",
        "customer": {"id": f"c-{number % 50}"},
        "shop": f"m-{number % 7}",
        "amount": number % 1000 + 0.25,
        "currency": "EUR",
        "paid_at": PAID_AT + 1_000 * number,
        "note": ["not mapped"],
        **changes,
    }


@pytest.fixture
def settings(lone_broker: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the command line at the broker, with new topics."""
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(lone_broker))
    monkeypatch.setenv(KEY, "a key of this test alone")
    number = next(_numbers)
    for topic in ("transactions", "labels", "dead_letters"):
        monkeypatch.setenv(f"FRAUDSTREAM_TOPICS__{topic.upper()}", f"{topic}.ingest.{number}")
    found = load_settings()
    broker = Broker.of(found)
    create_topics(broker)
    admin = broker.admin()
    for future in admin.create_topics([NewTopic(source(found), PARTITIONS, 1)]).values():
        future.result()
    await_leaders(admin, source(found), PARTITIONS)
    return found


def source(settings: Settings) -> str:
    return settings.topics.transactions.replace("transactions", "payments")


def send(settings: Settings, *records: Any, key: str | None = None) -> None:
    """Send records, each as JSON if it is none of bytes."""
    with Publisher(Broker.of(settings).bootstrap_servers) as publisher:
        payloads = [record if isinstance(record, bytes | None) else json.dumps(record).encode() for record in records]
        publisher.publish([(key and key.encode(), payload) for payload in payloads], source(settings))


def write_map(folder: Path, text: str = MAP) -> Path:
    path = folder / "payments.map.toml"
    path.write_text(text)
    return path


def ingest(settings: Settings, mapping: Path) -> dict[str, Any]:
    """Convert what there is now."""
    arguments = ["ingest", source(settings), "--map", str(mapping), "--json"]
    done = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


def follow(settings: Settings, mapping: Path, log: Path, *, instance: str = "1") -> subprocess.Popen[bytes]:
    """Start the command until it is stopped."""
    command = [sys.executable, "-m", "fraudstream", "ingest", source(settings), "--map", str(mapping), "--follow"]
    with log.open("ab") as output:
        # Small transactions, so that kills come before, in and after some.
        return subprocess.Popen(  # noqa: S603
            [*command, "--instance", instance, "--gather-ms", "5"], stdout=output, stderr=output, env=dict(os.environ)
        )


def read(settings: Settings, topic: str) -> list[tuple[Message, dict[str, Any]]]:
    broker = Broker.of(settings)
    codecs = TopicCodecs(settings, {topic: settings.topics.row(topic).kind}, registry=broker.registry())
    return [(message, codecs.parse(message, dict)) for message in read_topic(broker, topic)]


def transactions(settings: Settings) -> list[dict[str, Any]]:
    return [record for _, record in read(settings, settings.topics.transactions)]


def letters(settings: Settings) -> list[dict[str, Any]]:
    return [record for _, record in read(settings, settings.topics.dead_letters)]


def has(settings: Settings, number: int) -> bool:
    found = sum(1 for _ in read_topic(Broker.of(settings), settings.topics.transactions))
    return found >= number


@pytest.mark.long
def test_killed_again_and_again_it_converts_each_record_once_as_a_file_is_converted(settings, tmp_path):
    mapping = write_map(tmp_path)
    log = tmp_path / "ingest.log"
    records = [payment(number) for number in range(RECORDS)]
    bad = set(range(7, RECORDS, 97))
    for number in bad:
        records[number] = payment(number, amount=-1)
    process = follow(settings, mapping, log)
    try:
        for end in range(PART, RECORDS + 1, PART):
            send(settings, *records[end - PART : end])
            good = sum(number not in bad for number in range(end))
            wanted = good if end == RECORDS else good - PART // 2  # killed with some of the part to do
            assert wait_until(lambda: has(settings, wanted), seconds=PATIENCE_S), log.read_text()  # noqa: B023
            if end < RECORDS:
                process.kill()
                process.wait()
                process = follow(settings, mapping, log)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130, log.read_text()
    finally:
        process.kill()
        process.wait()
    rows = json_rows([json.dumps(record).encode() for record in records], (found := read_map(mapping)).columns)
    expected = RowConverter(found, settings.file_limits).convert(rows.columns, np.arange(RECORDS)).records
    by_id = {row["transaction_id"]: row for row in expected.to_pylist()}
    written = read(settings, settings.topics.transactions)
    assert Counter(record["transaction_id"] for _, record in written) == Counter(by_id.keys())
    for message, record in written:
        assert message.key().decode() == record["customer_id"]
        expected_row = by_id[record["transaction_id"]]
        assert {name: record[name] for name in expected_row} == expected_row
    found = letters(settings)
    assert Counter(letter["reason"] for letter in found) == {"INVALID_AMOUNT": len(bad)}
    assert len({(letter["partition"], letter["offset"]) for letter in found}) == len(bad)


def test_records_that_do_not_convert_are_dead_letters_with_their_bytes(settings, tmp_path):
    send(settings, payment(1), b"{", None, {}, payment(2, shop=None), payment(3, customer={"id": [1]}), key="k")
    done = ingest(settings, write_map(tmp_path))
    assert (done["imported"], done["rejected"]) == (1, {"UNDECODABLE": 4, "INVALID_ID": 1})
    found = {letter["payload"]: letter for letter in letters(settings)}
    at = {f"{letter['partition']}:{letter['offset']}" for letter in found.values()}
    assert all(re.match(r"\d+:\d+", example)[0] in at for example in done["examples"].values())
    assert {letter["topic"] for letter in found.values()} == {source(settings)}
    assert {letter["key"] for letter in found.values()} == {"k"}
    assert found[b"{"]["reason"] == "UNDECODABLE"
    assert "none of them" in found[b"{}"]["detail"]
    assert "as customer.id, got a list" in found[json.dumps(payment(3, customer={"id": [1]})).encode()]["detail"]
    assert ingest(settings, write_map(tmp_path))["read"] == 0, "converted again"


def test_a_reader_that_is_done_before_it_has_joined_its_group_closes_at_any_point_of_the_joining(settings, tmp_path):
    send(settings, payment(1))
    assert ingest(settings, write_map(tmp_path))["read"] == 1
    group = f"fraudstream-ingest-{source(settings)}"
    for step in range(20):
        reader = SharedReader(Broker.of(settings), source(settings), group, "1", wait_s=0.002 * step)
        assert list(reader.batches(follow=False, size=10)) == []
        reader.close()


def test_labels_of_the_records_go_to_their_topic(settings, tmp_path):
    reported = PAID_AT + 86_400_000
    send(
        settings,
        payment(1, fraud=True, reported_at=reported),
        payment(2),
        payment(3, fraud=False, reported_at=reported),
    )
    done = ingest(settings, write_map(tmp_path, MAP + LABELS))
    assert (done["imported"], done["labelled"], done["frauds"]) == (3, 2, 1)
    found = {record["transaction_id"]: record["is_fraud"] for _, record in read(settings, settings.topics.labels)}
    assert found == {"p-1": True, "p-3": False}


def test_card_numbers_are_refused_and_nothing_is_sent(settings, tmp_path):
    send(settings, *(payment(number, shop=card) for number, card in enumerate(card_numbers(20))))
    with pytest.raises(UserError, match=r"expected no card numbers, got 20 in shop .*hash = true"):
        ingest(settings, write_map(tmp_path))
    assert not transactions(settings)
    assert not letters(settings)


def test_dead_letters_of_records_with_secrets_have_their_position_alone(settings, tmp_path):
    card = card_numbers(1)[0]
    hashed = MAP.replace('customer_id = "customer.id"', 'customer_id = { column = "customer.id", hash = true }')
    send(settings, payment(1, customer={"id": card}), payment(2, customer={"id": card}, amount="?"), key=card)
    assert ingest(settings, write_map(tmp_path, hashed))["rejected"] == {"INVALID_AMOUNT": 1}
    (letter,) = letters(settings)
    assert (letter["payload"], letter["key"]) == (b"", None)
    assert letter["payload_size"]
    assert card not in repr(letter)
    (record,) = transactions(settings)
    assert card not in repr(record)


def test_processes_of_a_group_share_the_partitions_and_take_over_those_of_a_killed_one(settings, tmp_path):
    mapping = write_map(tmp_path)
    logs = [tmp_path / f"{name}.log" for name in "12"]
    processes = [follow(settings, mapping, log, instance=log.stem) for log in logs]
    try:
        send(settings, *(payment(number) for number in range(500)))
        assert wait_until(lambda: has(settings, 500), seconds=PATIENCE_S)
        processes[0].kill()
        processes[0].wait()
        send(settings, *(payment(number) for number in range(500, 1_000)))
        assert wait_until(lambda: has(settings, 1_000), seconds=PATIENCE_S), [log.read_text() for log in logs]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    ids = Counter(record["transaction_id"] for record in transactions(settings))
    assert ids == Counter(f"p-{number}" for number in range(1_000))


def test_topic_that_is_created_again_meanwhile_is_read_from_its_first_record(settings, tmp_path):
    process = follow(settings, write_map(tmp_path), tmp_path / "ingest.log")
    try:
        send(settings, *(payment(number) for number in range(30)))
        assert wait_until(lambda: has(settings, 30), seconds=PATIENCE_S)
        recreate(Broker.of(settings), source(settings), PARTITIONS)
        send(settings, *(payment(number) for number in range(100, 140)))
        wanted = {f"p-{number}" for number in (*range(30), *range(100, 140))}
        assert wait_until(
            lambda: wanted == {item["transaction_id"] for item in transactions(settings)}, seconds=PATIENCE_S
        )
    finally:
        process.kill()
        process.wait()


def test_transaction_that_is_too_large_for_the_job_is_a_dead_letter(settings, tmp_path, monkeypatch):
    mapping = write_map(tmp_path, MAP + '\n[columns]\nremark = "text"\n')
    monkeypatch.setenv("FRAUDSTREAM_JOB__DECLARATION", str(mapping))
    size = settings.job.max_record_bytes + 1
    send(settings, payment(1, remark="short"), payment(2, remark="x" * size), payment(3, remark="short"))
    assert ingest(load_settings(), mapping)["rejected"] == {"TOO_LARGE": 1}
    (letter,) = letters(settings)
    assert (letter["reason"], letter["payload_size"] > size) == ("TOO_LARGE", True)
    assert has(settings, 2)


def test_topic_that_was_created_again_is_read_from_its_first_record(settings, tmp_path):
    mapping = write_map(tmp_path)
    send(settings, *(payment(number) for number in range(30)))
    assert ingest(settings, mapping)["imported"] == 30
    recreate(Broker.of(settings), source(settings), PARTITIONS)
    send(settings, *(payment(number) for number in range(100, 140)))
    assert ingest(settings, mapping)["imported"] == 40


def test_columns_of_the_map_must_be_declared_as_the_same_kind(settings, tmp_path, monkeypatch):
    mapping = write_map(tmp_path, MAP + '\n[columns]\ncountry = "category"\n')
    with pytest.raises(UserError, match=r"a column country in the declaration, found none.* job\.declaration"):
        ingest(settings, mapping)
    monkeypatch.setenv("FRAUDSTREAM_JOB__DECLARATION", str(mapping))
    send(settings, payment(1, country="PT"))
    assert ingest(load_settings(), mapping)["imported"] == 1
    (message,) = read_topic(Broker.of(settings), settings.topics.transactions)
    assert b"PT" in message.value()
    other = tmp_path / "other.toml"
    other.write_text(mapping.read_text().replace('"category"', '"number"'))
    monkeypatch.setenv("FRAUDSTREAM_JOB__DECLARATION", str(other))
    assert read_declaration(other).arrow.names == ["country"]
    with pytest.raises(UserError, match="expected country to be the same kind"):
        ingest(load_settings(), mapping)


def test_fields_that_no_record_has_are_named(settings, tmp_path):
    send(settings, payment(1))
    done = ingest(settings, write_map(tmp_path, MAP + 'device_id = "devcie"\n'))
    assert (done["imported"], done["unseen"]) == (1, ["devcie"])
    assert TRANSACTION_ARROW.field("device_id").nullable

"""The job, the producers and the command line with a real schema registry."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict

import fastavro
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.devstack.stack import start
from fraudstream.system.deadline import wait_until
from fraudstream.system.ports import LOOPBACK
from fraudstream.system.run_state import RunState
from schemas.avro_schemas import TRANSACTION, schema_text
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.declared_codec import DeclaredCodec
from schemas.errors import UserError
from schemas.framing import header
from schemas.http_registry import HttpRegistry
from schemas.registry import value_subject
from schemas.registry_access import RegistryAccess
from schemas.rejection import Reason
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.integration.embedded_registry import register, stop_registry
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.records import NOON_MS, transaction
from tests.unit.schemas.declaration.declarations import declared

pytestmark = pytest.mark.integration

ROWS = 3_000
CURRENT = json.loads(schema_text(TRANSACTION))
OLDER = {**CURRENT, "fields": [field for field in CURRENT["fields"] if field["name"] != "device_id"]}
CHANNEL = {"name": "channel", "type": ["null", "string"], "default": None}
NEWER = {**CURRENT, "fields": [*CURRENT["fields"], CHANNEL]}
WITHOUT_CURRENCY = {**CURRENT, "fields": [field for field in CURRENT["fields"] if field["name"] != "currency"]}


def encoder(schema: dict, schema_id: int) -> Callable[[dict], bytes]:
    parsed = fastavro.parse_schema(schema)

    def encode(record: dict) -> bytes:
        body = io.BytesIO()
        fastavro.schemaless_writer(body, parsed, record)
        return header(schema_id) + body.getvalue()

    return encode


def command(lane: Lane, monkeypatch: pytest.MonkeyPatch, *arguments: str):
    """Return the command line as a user of this lane runs it."""
    kafka = {
        "BOOTSTRAP_SERVERS": lane.broker.bootstrap_servers,
        "SCHEMA_REGISTRY_URL": lane.settings.kafka.schema_registry_url,
    }
    named = {f"KAFKA__{name}": value for name, value in kafka.items()}
    named |= {f"TOPICS__{name.upper()}": topic for name, topic in asdict(lane.topics).items()}
    named["PATHS__STATE"] = str(lane.settings.paths.state)
    for name, value in named.items():
        monkeypatch.setenv(f"FRAUDSTREAM_{name}", value)
    return CliRunner().invoke(cli.app, list(arguments))


def without_devices(table: pa.Table, rows: list[bool]) -> pa.Table:
    index = table.schema.get_field_index("device_id")
    devices = pc.if_else(pa.array(rows), pa.scalar(None, pa.string()), table["device_id"].combine_chunks())
    return table.set_column(index, table.schema.field(index), devices)


def test_registry_listens_on_loopback_only(with_registry):
    (process,) = RunState.load(with_registry.state).running("registry")
    listening = [
        entry.laddr.ip.removeprefix("::ffff:")
        for entry in psutil.Process(process.pid).net_connections("tcp")
        if entry.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {LOOPBACK}


def test_schemas_of_old_and_new_writers_on_one_topic_are_resolved(open_lane, url, artifact):
    lane = open_lane(registry_url=url)
    subject = value_subject(lane.topics.transactions)
    older = encoder(OLDER, register(url, subject, OLDER))
    current = encoder(CURRENT, lane.registry.id_for(subject, TRANSACTION))
    newer = encoder(NEWER, register(url, subject, NEWER))
    lane.submit()
    table = card_world(ROWS).select(TRANSACTION_ARROW.names)
    rows = table.to_pylist()
    writers = [(older, current, newer)[number % 3] for number in range(ROWS)]
    lane.send_raw(
        [
            (row["customer_id"].encode(), write({**row, "channel": "web"}))
            for row, write in zip(rows, writers, strict=True)
        ]
    )
    lane.await_scores(ROWS)
    lane.cancel()
    expected = Expected.of(without_devices(table, [write is older for write in writers]), artifact)
    assert {item["transaction_id"]: item["score"] for item in lane.scores()} == expected.scores
    assert lane.dead_letters() == []


def test_registered_subject_is_backward_compatible_and_a_stricter_rule_is_kept(open_lane, url):
    lane, client = open_lane(registry_url=url), SchemaRegistryClient({"url": url})
    first, second = value_subject(lane.topics.transactions), value_subject(lane.topics.alerts)
    lane.registry.id_for(first, TRANSACTION)
    register(url, second, OLDER)
    client.set_compatibility(second, "FULL_TRANSITIVE")
    lane.registry.id_for(second, TRANSACTION)
    assert [client.get_compatibility(subject) for subject in (first, second)] == ["BACKWARD", "FULL_TRANSITIVE"]


def test_incompatible_schema_is_refused_before_sending(open_lane, url, monkeypatch, tmp_path):
    lane = open_lane(registry_url=url)
    subject = value_subject(lane.topics.transactions)
    register(url, subject, WITHOUT_CURRENCY)  # records without a currency, for which the reader schema has no default
    pq.write_table(card_world(20), tmp_path / "some.parquet")
    done = command(lane, monkeypatch, "replay", str(tmp_path / "some.parquet"))
    assert HttpRegistry(RegistryAccess(url=url)).check(subject, TRANSACTION) is False
    assert isinstance(done.exception, UserError)
    assert done.exception.exit_code == 2
    assert subject in str(done.exception)
    assert "currency" in str(done.exception)
    assert lane.size(lane.topics.transactions) == 0
    assert len(HttpRegistry(RegistryAccess(url=url)).ids(subject, TRANSACTION)) == 1


def test_schemas_are_checked_registered_and_listed(open_lane, url, monkeypatch):
    lane = open_lane(registry_url=url)
    subject = value_subject(lane.topics.transactions)
    assert f"new        {subject}" in command(lane, monkeypatch, "schemas", "check").output
    assert command(lane, monkeypatch, "schemas", "register").exit_code == 0
    assert f"known      {subject}" in command(lane, monkeypatch, "schemas", "check").output
    rows = [json.loads(line) for line in command(lane, monkeypatch, "schemas", "ls", "--json").output.splitlines()]
    assert {row["subject"] for row in rows} == set(lane.topics.subject_kinds())
    assert all(len(row["versions"]) == 1 for row in rows)


def test_declared_schema_is_registered_and_records_of_it_and_of_the_built_in_one_are_read(
    open_lane, url, monkeypatch, tmp_path
):
    lane, own = open_lane(registry_url=url), declared(tmp_path, '[columns]\nip = "text"\n')
    subject = value_subject(lane.topics.transactions)
    older = RecordCodec(TRANSACTION, subject, lane.registry).encode(transaction(1))
    monkeypatch.setenv("FRAUDSTREAM_JOB__DECLARATION", str(tmp_path / "features.toml"))
    assert f"new        {subject}" in command(lane, monkeypatch, "schemas", "check").output
    assert command(lane, monkeypatch, "schemas", "register").exit_code == 0
    versions = HttpRegistry(RegistryAccess(url=url)).ids(subject, own.schema)
    assert len(versions) == 2
    codec = DeclaredCodec(own, subject, lane.registry)
    assert codec.schema_id == versions[-1]
    decoder = TransactionBatchDecoder(subject, lane.registry, Limits(), lambda: NOON_MS, declaration=own)
    keys = [transaction(number)["customer_id"] for number in (1, 2)]
    found = decoder.decode(keys, [older, codec.encode(transaction(2, ip="10.0.0.1"))], np.full(2, NOON_MS))
    assert not found.rejections
    assert found.records.column("ip").to_pylist() == [None, "10.0.0.1"]


@pytest.mark.long
def test_outage_of_the_registry_loses_no_record(running, with_registry, url, monkeypatch):
    lane = running.lane(registry_url=url)
    subject = value_subject(lane.topics.transactions)
    lane.registry.id_for(subject, TRANSACTION)
    newer = encoder(NEWER, register(url, subject, NEWER))
    lane.submit()
    table = card_world(400)
    lane.send(table.slice(0, 200))
    lane.await_scores(200)
    stop_registry(with_registry)

    rest = table.slice(200).select(TRANSACTION_ARROW.names).to_pylist()
    half = [row for number, row in enumerate(rest) if number % 2]
    lane.send_raw([(row["customer_id"].encode(), newer({**row, "channel": None})) for row in half])
    lane.await_records(lane.topics.dead_letters, len(half))
    start(with_registry)
    letters = lane.dead_letters()
    assert {letter["reason"] for letter in letters} == {Reason.UNKNOWN_SCHEMA}
    assert lane.rest.job(lane.job_ids[-1])["state"] == "RUNNING"

    def replayed() -> bool:
        before = lane.size(lane.topics.scores)
        done = command(lane, monkeypatch, "dlq", "replay", "--reason", "UNKNOWN_SCHEMA", "--json")
        assert done.exit_code == 0, done.output
        wait_until(lambda: lane.size(lane.topics.scores) >= before + len(half), seconds=5)
        return len({item["transaction_id"] for item in lane.scores()}) == 200 + len(half)

    assert wait_until(replayed, seconds=120, interval_s=5)
    lane.cancel()
    assert {item["transaction_id"] for item in lane.scores()} >= {row["transaction_id"] for row in half}

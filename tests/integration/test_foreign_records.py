"""Every command and page that reads a topic, on topics with foreign records.

It finds the valid records, skips the rest with a message, and never ends in a stack trace.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from confluent_kafka import KafkaException
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from fraudstream.api.application import create_application
from fraudstream.cli import main as cli
from fraudstream.console.application import create_console
from fraudstream.devstack.stack import Services
from fraudstream.kafka import foreign_records as reports
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import create_topics
from fraudstream.observe.metrics.exporter import open_exporter
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from models.scoring.artifact import load_artifact
from producers.publisher import Publisher
from schemas.errors import UserError
from tests.foreign_records import foreign_records, valid_records
from tests.patience import PATIENCE_S
from tests.unit.training.histories import customer_folder, history_file

pytestmark = pytest.mark.integration

NO_FLINK = "http://127.0.0.1:9"
RULES = '[rules.other]\nwhen = "amount_minor > 5"\naction = "watch"\n'

NO_TOPIC = "reads no record of a topic"
SERVER = "its application is tested below"
FOLLOWS = "runs until Ctrl-C: below"

COMMANDS: dict[str, list[str] | str] = {
    "up": NO_TOPIC,
    "down": NO_TOPIC,
    "status": [],
    "doctor": [],
    "api": SERVER,
    "console": SERVER,
    "metrics": SERVER,
    "simulate": NO_TOPIC,
    "produce": NO_TOPIC,
    "replay": NO_TOPIC,
    "ingest": "reads a team's own topic: test_ingest.py",
    "archive": ["--out", "OUT/archive"],
    "explore": ["OUT/none", "--with-labels", "--out", "OUT/page.html"],
    "train": NO_TOPIC,
    "retrain": ["--once"],
    "evaluate": NO_TOPIC,
    "backfill": NO_TOPIC,
    "submit": NO_TOPIC,
    "stop": NO_TOPIC,
    "jobs": NO_TOPIC,
    "verify": ["--model", "MODEL"],
    "explain": ["good-alert", "--model", "MODEL"],
    "notify": FOLLOWS,
    "monitor": ["--once", "--horizon-days", "0"],
    "demo": NO_TOPIC,
    "bench": NO_TOPIC,
    "chaos": NO_TOPIC,
    "features check": NO_TOPIC,
    "features ls": NO_TOPIC,
    "features explain": NO_TOPIC,
    "topics create": [],
    "topics ls": [],
    "schemas check": NO_TOPIC,
    "schemas register": NO_TOPIC,
    "schemas ls": NO_TOPIC,
    "alerts tail": ["--from-start", "--timeout", "2"],
    "model ls": NO_TOPIC,
    "model push": NO_TOPIC,
    "model show": NO_TOPIC,
    "model diff": NO_TOPIC,
    "model verify": NO_TOPIC,
    "model check": ["1", "--on", "OUT/archive"],
    "model promote": ["1", "--on", "OUT/archive", "--no-wait"],
    "model shadow": ["1", "--no-wait"],
    "model rollback": ["--no-wait"],
    "model redeploy": [],
    "model prune": ["--dry-run"],
    "model log": NO_TOPIC,
    "model deploy": ["MODEL", "--wait", "0"],
    "model status": [],
    "model compare": [],
    "rules ls": [],
    "rules apply": ["OUT/rules.toml", "--wait", "0"],
    "rules snooze": ["c7", "--days", "1", "--wait", "0"],
    "rules unsnooze": ["c7", "--wait", "0"],
    "rules lists ls": [],
    "rules lists show": ["frozen"],
    "rules lists add": ["frozen", "m7", "--wait", "0"],
    "rules lists remove": ["frozen", "m7", "--wait", "0"],
    "rules lists import": ["frozen", "OUT/values.txt", "--wait", "0"],
    "rules log": NO_TOPIC,
    "rules dry-run": ["OUT/rules.toml", "--on", "HISTORY", "--model", "MODEL"],
    "bluegreen start": NO_TOPIC,
    "bluegreen compare": NO_TOPIC,
    "bluegreen switch": NO_TOPIC,
    "bluegreen back": NO_TOPIC,
    "bluegreen stop": NO_TOPIC,
    "bluegreen resume": NO_TOPIC,
    "bluegreen status": NO_TOPIC,
    "dlq ls": [],
    "dlq show": ["PLACE"],
    "dlq replay": ["--dry-run"],
    "drift scorecard": NO_TOPIC,
    "drift report": NO_TOPIC,
    "state export": NO_TOPIC,
    "state import": NO_TOPIC,
    "import": NO_TOPIC,
    "state show": NO_TOPIC,
    "sagemaker serve": NO_TOPIC,
}
READING = [name for name, arguments in COMMANDS.items() if isinstance(arguments, list)]
CHANGING = {
    "model deploy", "rules apply", "rules snooze", "rules unsnooze", "rules lists add", "rules lists remove",
    "rules lists import",
}  # fmt: skip


def commands_of(command: Any, path: str = "") -> Iterator[str]:
    """Yield the names of all commands below one."""
    if not hasattr(command, "commands"):
        yield path
        return
    for name, below in command.commands.items():
        yield from commands_of(below, f"{path} {name}".strip())


def test_every_command_is_covered():
    assert set(commands_of(typer.main.get_command(cli.app))) == set(COMMANDS)


@dataclass(frozen=True, kw_only=True)
class Polluted:
    """Topics with foreign records around each valid one."""

    services: Services
    position: str
    """Position of the valid dead letter."""
    out: Path

    @property
    def broker(self) -> Broker:
        """Connection to the broker of these topics."""
        return self.services.broker

    def environment(self) -> dict[str, str]:
        """Return the environment that points a command at these topics."""
        return {
            "FRAUDSTREAM_PATHS__STATE": str(self.broker.settings.state.root),
            "FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
            "FRAUDSTREAM_FLINK__REST_URL": NO_FLINK,
        }

    def arguments(self, name: str) -> list[str]:
        """Return the arguments of a command."""
        words = {
            "MODEL": str(customer_folder()),
            "HISTORY": str(history_file()),
            "PLACE": self.position,
            "OUT": str(self.out),
        }
        return [re.sub("MODEL|HISTORY|PLACE|OUT", lambda word: words[word[0]], item) for item in COMMANDS[name]]


@pytest.fixture(scope="module")
def polluted(lone_broker, tmp_path_factory) -> Polluted:
    out = tmp_path_factory.mktemp("foreign")
    (out / "rules.toml").write_text(RULES)
    (out / "values.txt").write_text("m8\nm9\n")
    servers = Broker.of(load_settings(paths={"state": lone_broker})).bootstrap_servers
    settings = load_settings(
        paths={"state": lone_broker},
        kafka={"bootstrap_servers": servers, "partitions": 1},
        flink={"rest_url": NO_FLINK},
    )
    broker = Broker.of(settings)
    create_topics(broker)
    position = ""
    valid = valid_records(load_artifact(customer_folder()).manifest.model_id)
    with Publisher(broker.bootstrap_servers) as publisher:
        for field, topic in asdict(settings.topics).items():
            records = [keyed for _, keyed in valid[field]]
            payload = records[0][1] or b""
            other = valid["labels" if field != "labels" else "drift"][0][1][1] or b""
            foreign = foreign_records(payload, other, compacted=field == "control")
            publisher.publish([*foreign, *records, *foreign], topic)
            if field == "dead_letters":
                position = f"0:{len(foreign)}"
    return Polluted(
        services=Services(broker=broker, rest_url=NO_FLINK),
        position=position,
        out=out,
    )


@pytest.fixture
def invoke(polluted, monkeypatch, tmp_path):
    """Return a function that runs a command and checks its exit code."""
    for name, value in polluted.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reports, "_REPORTED", set())

    def call(*line: str):
        done = CliRunner().invoke(cli.app, line)
        ended = (type(None), SystemExit, UserError, RuntimeFailure, KafkaException)
        assert isinstance(done.exception, ended), (line, done.exception)
        return done

    return call


@pytest.mark.parametrize("name", sorted(READING, key=lambda name: name in CHANGING))
def test_no_command_ends_in_a_stack_trace(polluted, invoke, name):
    invoke(*name.split(), *polluted.arguments(name))


def json_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.startswith(("{", "["))]


def test_valid_alert_is_shown(invoke):
    (alert,) = json_lines(invoke("alerts", "tail", "--from-start", "--timeout", "2", "--json").stdout)
    assert alert["alert_id"] == "good-alert"


def test_valid_dead_letter_is_listed_shown_and_replayed_in_a_dry_run(polluted, invoke):
    (letter,) = json_lines(invoke("dlq", "ls", "--json").stdout)
    assert (letter["position"], letter["detail"]) == (polluted.position, "expected a key")
    assert json_lines(invoke("dlq", "show", polluted.position, "--json").stdout)[0]["detail"] == "expected a key"
    assert json_lines(invoke("dlq", "replay", "--dry-run", "--json").stdout)[0]["found"] == 1


@pytest.mark.parametrize("position", ["0:0", "0:3", "7:0", "0:99999999", "0:" + "9" * 5_000, "\u0663:1", "x", ""])
def test_position_without_a_dead_letter_is_a_user_error(invoke, position):
    assert isinstance(invoke("dlq", "show", position).exception, UserError | SystemExit)


def test_dead_letter_of_a_missing_topic_is_not_sent(invoke):
    assert "TRANSACTIONS" in str(invoke("dlq", "replay").exception)


def test_valid_control_records_are_in_force(invoke):
    book = json_lines(invoke("rules", "ls", "--json").stdout)[0]
    assert "good-customer" in {row["customer_id"] for row in book["snoozes"]}
    assert [rule["name"] for rule in book["rules"]] in (["good_rule"], ["other"])
    entries = json_lines(invoke("rules", "lists", "show", "frozen", "--json").stdout)[0]
    assert "good-merchant" in {entry["value"] for entry in entries}


def test_scores_and_labels_are_joined(invoke):
    result = json_lines(invoke("monitor", "--once", "--horizon-days", "0", "--json").stdout)[-1]
    assert result["undecodable"] > 0
    assert result["read"] > result["undecodable"]


def test_valid_inference_record_is_archived(polluted, invoke):
    (result,) = json_lines(invoke("archive", "--out", str(polluted.out / "another"), "--json").stdout)
    assert (result["records"], result["undecodable"] > 0) == (1, True)


def test_skipped_records_are_reported_once_with_the_first_position(polluted, invoke, caplog):
    for _ in range(2):
        invoke("dlq", "ls")
        invoke("alerts", "tail", "--from-start", "--timeout", "2")
    messages = [record.getMessage() for record in caplog.records if record.name == "fraudstream.records"]
    for topic in (polluted.broker.settings.topics.dead_letters, polluted.broker.settings.topics.alerts):
        (line,) = [text for text in messages if topic in text]
        assert "partition 0 offset 0" in line


@pytest.mark.parametrize(
    "line", [["notify", "--from-start"], ["retrain"], ["monitor", "--json"], ["alerts", "tail", "--from-start"]]
)
def test_following_command_ends_only_with_ctrl_c(polluted, tmp_path, line):
    log = tmp_path / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "fraudstream", *line],
            env={**os.environ, **polluted.environment()}, stdout=file, stderr=file,
        )  # fmt: skip

    def reads() -> bool:
        assert process.poll() is None, log.read_text()
        return "skipped" in log.read_text()

    try:
        assert wait_until(reads, seconds=120), log.read_text()
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(120)
    assert code == 130, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()


CONSOLE = [
    "alerts", "alerts/good-alert", "alerts/good-alert/history", "alerts/none", "alerts/none/history", "figures",
    "drifts", "dead-letters", "job", "models",
]  # fmt: skip
API = ["/healthz", "/readyz", "/metrics", "/v1/scores/t000001", "/v1/scores/none?customer_id=c1",
       "/v1/customers/c1/features?amount_minor=1&merchant_id=m"]  # fmt: skip
ANSWERS = {200, 404, 422, 503, 504}


def test_console_shows_the_valid_records_and_no_request_fails(polluted):
    with TestClient(create_console(polluted.broker, polluted.services.rest), base_url="http://127.0.0.1") as client:

        def shown() -> bool:
            return bool(
                client.get("/data/alerts").json()["count"] == 1
                and len(client.get("/data/drifts").json()["rows"]) == 1
                and len(client.get("/data/dead-letters").json()["rows"]) == 1
            )

        assert wait_until(shown, seconds=PATIENCE_S)
        for path in CONSOLE:
            assert client.get(f"/data/{path}").status_code in ANSWERS, path
        assert client.get("/data/alerts/good-alert").json()["label"] is not None


def test_api_and_its_metrics_survive_foreign_records_while_they_read(polluted):
    topics = polluted.broker.settings.topics
    valid = valid_records("m")
    with open_exporter(polluted.broker, polluted.services.rest) as registry:
        app = create_application(polluted.broker, polluted.services.rest, registry)
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            with Publisher(polluted.broker.bootstrap_servers) as publisher:
                for field, topic in asdict(topics).items():
                    (_, (_, payload)), *_ = valid[field]
                    other = valid["drift" if field != "drift" else "labels"][0][1][1]
                    foreign = foreign_records(payload, other, compacted=field == "control")
                    publisher.publish([*foreign, *(keyed for _, keyed in valid[field])], topic)

            def counted() -> bool:
                text = client.get("/metrics").text
                return (
                    'fraud_alerts_total{decision="BLOCK"} 1.0' in text
                    and 'fraud_drift_total{signal="score"} 1.0' in text
                )

            assert wait_until(counted, seconds=PATIENCE_S), client.get("/metrics").text
            for path in API:
                assert client.get(path).status_code in ANSWERS, path
            assert client.app.state.client.reader.running
            assert f'fraud_foreign_records_total{{topic="{topics.scores}"}}' in client.get("/metrics").text


def test_snooze_that_is_over_by_the_local_clock_can_be_ended(invoke):
    invoke("rules", "snooze", "late", "--until", "2020-01-01", "--wait", "0")
    assert "late" not in invoke("rules", "ls").stdout
    (result,) = json_lines(invoke("rules", "unsnooze", "late", "--wait", "0", "--json").stdout)
    assert result["changes"] == ["- snooze late until 2020-01-01 00:00"]
    assert isinstance(invoke("rules", "unsnooze", "late", "--wait", "0").exception, UserError)


def test_foreign_version_in_mlflow_is_skipped(polluted, invoke, caplog):
    invoke("model", "push", str(customer_folder()))
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{polluted.broker.settings.state.models / 'registry.db'}"
    MlflowClient(uri, uri).create_model_version("fraudstream", source="file:///elsewhere", tags={"share": "much"})
    (version,) = json_lines(invoke("model", "ls", "--json").stdout)[0]
    assert version["version"] == 1
    assert "did not register: 2" in caplog.text
    assert isinstance(invoke("model", "show", "2").exception, UserError)

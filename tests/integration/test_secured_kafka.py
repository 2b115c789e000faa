"""A broker with TLS and authentication: all commands work, others have no access, and no secret is shown."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from schemas.topics import Topics
from tests.certificates import Authority
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Running
from tests.integration.secured_broker import PASSWORDS, USER, SecuredBroker, secured_broker
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration

ROWS = 1_500
VARIABLE = "FRAUDSTREAM_KAFKA__SECURITY__PASSWORD"


@dataclass(kw_only=True)
class Terminal:
    """The command line of a user, with all its output."""

    folder: Path
    config: str
    environment: dict[str, str]
    output: list[str] = field(default_factory=list)

    def run(self, *arguments: str, expected: int = 0, **environment: str) -> str:
        """Run a command with the exit code `expected`; returns its standard output."""
        (self.folder / "fraudstream.toml").write_text(self.config)
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "fraudstream", *arguments],
            cwd=self.folder,
            env=os.environ | self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.output += [done.stdout, done.stderr]
        assert done.returncode == expected, (arguments, done.stdout, done.stderr)
        return done.stdout if expected == 0 else done.stderr


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as started:
        yield started


@pytest.fixture
def terminal(running: Running, broker: SecuredBroker, tmp_path: Path) -> Terminal:
    """Return a command line configured for the secured broker and the shared cluster."""
    config = f"""
[kafka]
bootstrap_servers = "{broker.servers}"
[kafka.security]
protocol = "SASL_SSL"
mechanism = "SCRAM-SHA-512"
username = "{USER}"
ca = "{broker.ca}"
"""
    environment = {
        "FRAUDSTREAM_PATHS__STATE": str(running.settings.state.root),
        "FRAUDSTREAM_MODEL__ARTIFACT": str(running.settings.model.artifact),
        "FRAUDSTREAM_JOB__CHECKPOINT_INTERVAL_S": "1",
        VARIABLE: PASSWORDS[USER],
    }
    return Terminal(folder=tmp_path, config=config, environment=environment)


@pytest.mark.parametrize("guarantee", ["at-least-once", pytest.param("exactly-once", marks=pytest.mark.long)])
def test_whole_path_through_a_secured_broker_shows_no_password(running, terminal, artifact, guarantee):
    pq.write_table(card_world(ROWS), terminal.folder / "some.parquet")
    expected = Expected.of(card_world(ROWS), artifact)
    terminal.environment |= {
        f"FRAUDSTREAM_TOPICS__{name.upper()}": f"fraud.{guarantee}.{name}"
        for name in ("transactions", "alerts", "scores", "labels", "drift", "dead_letters", "inference")
    }
    terminal.run("topics", "create")
    job_id = json.loads(terminal.run("submit", "--guarantee", guarantee, "--json"))["job_id"]
    try:
        terminal.run("replay", "some.parquet")
        until = ["--timeout", "60", "--limit", str(len(expected.alerts))]
        alerts = terminal.run("alerts", "tail", "--from-start", *until, "--json")
        found = [json.loads(line)["alert_id"] for line in alerts.splitlines()]
        assert set(found) == set(expected.alerts)
        assert "FAIL broker" not in terminal.run("doctor")
        terminal.run("status")
        shown = [*terminal.output, *flink_answers(running, job_id), *files(running)]
    finally:
        terminal.run("stop", job_id)
    assert any("ScramLoginModule" in text for text in shown)  # the searched text is where a secret would be
    for password in PASSWORDS.values():
        assert [text[:200] for text in shown if password in text] == []


def flink_answers(running: Running, job_id: str) -> Iterator[str]:
    """Yield the pages of Flink's web interface on the job and the cluster."""
    paths = ["", "/plan", "/config", "/exceptions", "/checkpoints", "/checkpoints/config", "/jobmanager/environment"]
    pages = [f"/jobs/{job_id}{path}" if not path.startswith("/jobmanager") else path for path in paths]
    for page in [*pages, "/jobmanager/config", "/taskmanagers", "/config"]:
        with urllib.request.urlopen(f"{running.services.rest_url}{page}", timeout=PATIENCE_S) as answer:  # noqa: S310
            yield answer.read().decode(errors="replace")


def files(running: Running) -> Iterator[str]:
    """Yield the files of the state folder except secrets: job settings, logs, the run's record."""
    state = running.settings.state
    secret = list(state.secrets.iterdir())
    assert [(path.stat().st_mode & 0o777) for path in [state.secrets, *secret]] == [0o700, 0o600]
    for folder in (state.jobs, state.logs, state.run, state.flink_home / "conf"):
        for path in folder.rglob("*"):
            if path.is_file():
                yield path.read_text(errors="replace")


REFUSED = [
    ("wrong password", {}, "refuses the login"),
    ("another authority", {"ca": "other"}, "kafka.security.ca"),
    ("no TLS", {"protocol": "SASL_PLAINTEXT"}, "kafka.security.protocol"),
]


@pytest.mark.parametrize(("case", "changes", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_denied_access_is_reported_in_one_line(terminal, broker, case, changes, message):
    other = Authority(terminal.folder, "other").certificate
    if changes.get("ca"):
        terminal.config = terminal.config.replace(str(broker.ca), str(other))
    if changes.get("protocol"):
        terminal.config = terminal.config.replace("SASL_SSL", changes["protocol"]).replace(f'ca = "{broker.ca}"', "")
    password = "wrong-guess" if case == "wrong password" else PASSWORDS[USER]
    for command in (["topics", "ls"], ["doctor"]):
        printed = terminal.run(*command, expected=3, **{VARIABLE: password})
        if command != ["doctor"]:  # which reports it among other checks
            assert message in printed
            assert len(printed.strip().splitlines()) == 1
    assert all(password not in text and "Traceback" not in text for text in terminal.output)
    assert message in "".join(terminal.output[2:])


def deny(broker: SecuredBroker, topic: str, operation: AclOperation) -> None:
    """Revoke a right of the user on a topic."""
    rule = AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{USER}", "*", operation, AclPermissionType.DENY
    )
    admin = broker.admin()  # it must live until it has answered
    for future in admin.create_acls([rule]).values():
        future.result(PATIENCE_S)


def test_submit_and_doctor_name_all_missing_rights_at_once(terminal, broker):
    names = {name: f"fraud.rights.{name}" for name in asdict(Topics())}
    terminal.environment |= {f"FRAUDSTREAM_TOPICS__{name.upper()}": topic for name, topic in names.items()}
    terminal.run("topics", "create")
    deny(broker, names["alerts"], AclOperation.WRITE)
    deny(broker, names["transactions"], AclOperation.READ)
    other = {"FRAUDSTREAM_TOPICS__DEAD_LETTERS": "fraud.rights.none", "FRAUDSTREAM_JOB__TRANSACTION_PREFIX": "payroll"}
    printed = terminal.run("submit", "--guarantee", "exactly-once", expected=3, **other)
    assert len(printed.strip().splitlines()) == 1
    for text in (
        "missing fraud.rights.none",
        f"no right to read {names['transactions']}",
        f"no right to write {names['alerts']}",
        "no right to write by transactions of the id payroll-submit-check",
        "fraudstream topics create",
    ):
        assert text in printed
    found = terminal.run("doctor", expected=3, FRAUDSTREAM_JOB__GUARANTEE="exactly-once", **other)
    assert f"no right to write {names['alerts']}" in found + "".join(terminal.output)
    assert "payroll-submit-check" in "".join(terminal.output[-2:])


def test_user_has_no_rights_beyond_its_topics(terminal):
    printed = terminal.run("topics", "create", expected=1, FRAUDSTREAM_TOPICS__ALERTS="payroll")
    assert "payroll" in printed

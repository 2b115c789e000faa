"""A Kafka broker on loopback that needs TLS, a SCRAM login and authorisation."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType
from confluent_kafka.admin import ResourceType as Resource

from fraudstream.devstack.stack import jars_for
from fraudstream.system.deadline import wait_until
from fraudstream.system.environment import process_environment
from fraudstream.system.java import find_java
from fraudstream.system.ports import LOOPBACK, free_port
from fraudstream.system.processes import spawn, stop_processes
from tests.certificates import Authority
from tests.patience import PATIENCE_S

ADMIN, USER = "admin", "fraudstream"
PASSWORDS = {ADMIN: "the-admins-own", USER: "open-sesame-4711"}
TOPICS_PREFIX = "fraud."


@dataclass(frozen=True)
class SecuredBroker:
    """A running secured broker.

    Attributes
    ----------
    servers : str
        Its address.
    ca : Path
        Certificate authority.
    """

    servers: str
    ca: Path

    def admin(self) -> AdminClient:
        return AdminClient(
            {
                "bootstrap.servers": self.servers,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": ADMIN,
                "sasl.password": PASSWORDS[ADMIN],
                "ssl.ca.location": str(self.ca),
                "log_level": 0,
            }
        )

    def allow(self) -> None:
        """Grant USER the rights on topics, groups and transactions that the job and its producers need."""
        granted = [
            (Resource.TOPIC, TOPICS_PREFIX, AclOperation.ALL),
            (Resource.GROUP, USER, AclOperation.ALL),
            (Resource.TRANSACTIONAL_ID, USER, AclOperation.ALL),
        ]
        bindings = [
            AclBinding(
                kind, name, ResourcePatternType.PREFIXED, f"User:{USER}", "*", operation, AclPermissionType.ALLOW
            )
            for kind, name, operation in granted
        ]
        admin = self.admin()  # it must live until it has answered
        for future in admin.create_acls(bindings).values():
            future.result(PATIENCE_S)


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Run a secured broker within a block."""
    authority, port = Authority(folder, "ca"), free_port()
    signed = authority.sign("broker")
    keystore = folder / "broker-keystore.pem"
    keystore.write_bytes(signed.key.read_bytes() + signed.certificate.read_bytes())
    properties = folder / "server.properties"
    properties.write_text(_settings(folder, port, keystore, authority.certificate))
    classpath = os.pathsep.join(str(jar) for jar in jars_for("broker"))
    env = process_environment(find_java())
    java = [str(find_java().executable), "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", classpath]
    users = [
        word
        for name, password in PASSWORDS.items()
        for word in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
    ]
    format_it = ["kafka.tools.StorageTool", "format", "--cluster-id=c2VjdXJlZC1icm9rZXIhIQ", "-c", str(properties)]
    command = [*java, *format_it, "--standalone", *users]
    subprocess.run(command, env=env, check=True, timeout=PATIENCE_S, capture_output=True)  # noqa: S603
    log = folder / "broker.log"
    process = spawn("secured-broker", [*java, "kafka.Kafka", str(properties)], log=log, env=env, cwd=folder)
    broker = SecuredBroker(f"{LOOPBACK}:{port}", authority.certificate)
    try:
        assert wait_until(lambda: _answers(broker), seconds=PATIENCE_S), log.read_text()[-2000:]
        broker.allow()
        yield broker
    finally:
        stop_processes([process])


def _answers(broker: SecuredBroker) -> bool:
    try:
        return bool(broker.admin().list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def _settings(folder: Path, port: int, keystore: Path, ca: Path) -> str:
    controller = free_port()
    login = (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="{ADMIN}" password="{PASSWORDS[ADMIN]}";'
    )
    return f"""
process.roles=broker,controller
node.id=1
listeners=CLIENTS://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}
advertised.listeners=CLIENTS://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}
listener.security.protocol.map=CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={LOOPBACK}:{controller}
log.dirs={folder / "data"}
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config={login}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{ADMIN};User:ANONYMOUS
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
"""

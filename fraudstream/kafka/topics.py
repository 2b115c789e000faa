"""Creation and listing of the topics."""

from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import topic_size
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.ports import is_open
from producers.broker_errors import BrokerErrors

CLEANUP, RETENTION_MS = "cleanup.policy", "retention.ms"
TIMEOUT_S = 20.0
TRY_S = 2.0


def create_topics(broker: Broker) -> list[str]:
    """Create those of our topics that are missing, and wait until the broker knows them; returns their names.

    Raises
    ------
    RuntimeFailure
        When the broker refuses one, or does not know one in time; a topic that is there already is left as it is.
    """
    client = broker.admin()
    present = existing_topics(broker)
    missing = [name for name in broker.topics.names() if name not in present]
    wanted = [new_topic(broker.settings, name) for name in missing]
    if not wanted:
        return []
    for name, future in client.create_topics(wanted, operation_timeout=TIMEOUT_S).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise RuntimeFailure(f"the broker refused to create the topic {name}: {error.args[0].str()}") from error

    def known() -> bool:
        # A moment after it made them, the broker does not name them yet.
        return existing_topics(broker).keys() >= set(missing)

    if not wait_until(known, seconds=TIMEOUT_S):
        raise RuntimeFailure(f"expected the broker to know the topics {', '.join(missing)} that it made: see its log")
    return missing


def new_topic(settings: Settings, name: str) -> NewTopic:
    """Return a topic of the table as it is created."""
    kafka, row = settings.kafka, settings.topics.row(name)
    # A policy or a retention that the table leaves open is the brokers' own.
    policy = {} if row.cleanup == "delete" else {CLEANUP: row.cleanup}
    retention = {} if row.retention_ms is None else {RETENTION_MS: str(row.retention_ms)}
    return NewTopic(
        name,
        num_partitions=row.partitions or kafka.partitions,
        replication_factor=kafka.replication,
        config=policy | retention,
    )


def existing_topics(broker: Broker) -> dict[str, int]:
    """Map each topic of the broker to its number of partitions.

    Raises
    ------
    NotReady
        When no broker answers, or not to us: the message says why, as far as that can be known.
    """
    errors = BrokerErrors()
    properties: dict[str, Any] = {**broker.properties, "error_cb": errors}
    client = AdminClient(properties)
    found: dict[str, int] | None = None

    def answered() -> bool:
        nonlocal found
        try:
            topics = client.list_topics(timeout=TRY_S).topics
        except KafkaException:
            client.poll(0)  # it reports its errors only when asked
            return bool(errors.advice)  # which does not pass by itself
        found = {name: len(topic.partitions) for name, topic in topics.items()}
        return True

    wait_until(answered, seconds=TIMEOUT_S)
    if found is None:
        advice = errors.advice or _advice(broker.bootstrap_servers)
        raise NotReady(f"expected an answer of the broker at {broker.bootstrap_servers}, but there is none: {advice}")
    return found


def _advice(bootstrap_servers: str) -> str:
    # librdkafka reports nothing of a broker that hangs up at once.
    addresses = (address.strip().rsplit(":", 1) for address in bootstrap_servers.split(","))
    if any(is_open(host, int(port)) for host, port in addresses):
        return "a server listens there that may expect TLS or a login: see kafka.security.protocol"
    return "start it (`fraudstream up`), or correct kafka.bootstrap_servers"


def require_topics(broker: Broker, *names: str) -> None:
    """Check that topics exist before anything is sent there: a producer would notice only after a minute.

    Raises
    ------
    NotReady
        When one is missing, or no broker answers.
    """
    present = existing_topics(broker)
    missing = [name for name in names if name not in present]
    if missing:
        raise NotReady(
            f"expected the topic {', '.join(missing)} at {broker.bootstrap_servers}, but it is not there: "
            "create it with `fraudstream topics create`, or correct [topics] in the settings"
        )


def count_records(broker: Broker) -> dict[str, dict[str, int]]:
    """Count partitions and records (by offsets) of those of our topics that exist.

    Returns
    -------
    dict
        Topic to `partitions` and `records`; in a topic written by transactions, their markers count too.
    """
    present = existing_topics(broker)
    return {
        name: {"partitions": present[name], "records": topic_size(broker, name)}
        for name in broker.topics.names()
        if name in present
    }

"""Connection to the Kafka brokers: address, clients and codecs of one set of settings."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from fraudstream.kafka.librdkafka_security import librdkafka_security
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_codecs import TopicCodecs, topic_codec
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady
from fraudstream.system.run_state import RunState
from producers.publisher import Publisher
from schemas.codec import RecordCodec
from schemas.registry import SchemaRegistry, value_subject
from schemas.topics import Topics

REFRESH_MS = 5_000
"""Interval at which a client asks for the partitions of its topics, milliseconds: added ones are read within it."""

SESSION_MS = 10_000
"""Time after which a named process of a group that is away loses its partitions, milliseconds."""

GATHER_BYTES = 1_000_000
"""Bytes at which a fetch is answered before `gather_ms` is over."""


@dataclass(frozen=True)
class Broker:
    """Connection to the brokers, made once from the settings and passed to everything that reads or writes topics.

    It is an address with settings: clients are opened by its methods, and closed by their users.

    Parameters
    ----------
    settings
        Settings of the clients, the topics and the schema registry.
    bootstrap_servers
        Addresses, as `host:port` with commas between.
    """

    settings: Settings
    bootstrap_servers: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the brokers in use: those of the settings, else the embedded one.

        Raises
        ------
        NotReady
            The settings name none, and no embedded broker runs.
        """
        run = RunState.load(settings.state)
        servers = settings.kafka.bootstrap_servers or (run.bootstrap_servers if run.running("broker") else None)
        if servers is None:
            raise NotReady(
                f"expected a running broker, but there is none for {settings.state.root}: "
                "start it with `fraudstream up`, or set kafka.bootstrap_servers to yours"
            )
        return cls(settings, servers)

    @property
    def topics(self) -> Topics:
        """Names of the topics."""
        return self.settings.topics

    @property
    def shared_properties(self) -> dict[str, Any]:
        """Librdkafka's properties of every client: the user's own, and the login."""
        kafka = self.settings.kafka
        return {**kafka.properties, **librdkafka_security(kafka.security)}

    @property
    def properties(self) -> dict[str, Any]:
        """Librdkafka's properties of a client: the shared ones, and the address."""
        refresh = {"topic.metadata.refresh.interval.ms": REFRESH_MS}
        return {**refresh, **self.shared_properties, "bootstrap.servers": self.bootstrap_servers, "log_level": 0}

    def admin(self, **callbacks: Any) -> AdminClient:
        """Open an admin client."""
        return AdminClient({**self.properties, **callbacks})

    def consumer(
        self, *, from_start: bool = True, committed_only: bool = True, gather_ms: int | None = None
    ) -> Consumer:
        """Open a consumer of no group, which commits no offsets.

        Parameters
        ----------
        from_start
            Whether a topic that it subscribes to is read from its oldest record, else from the next one.
        committed_only
            Whether records of open and aborted transactions are left out, unless the user's own `isolation.level`
            says otherwise.
        gather_ms
            Interval at which records are fetched together, milliseconds, which spares the brokers; None fetches each
            at once.
        """
        gather = {} if gather_ms is None else {"fetch.min.bytes": GATHER_BYTES, "fetch.wait.max.ms": gather_ms}
        properties = self.properties
        isolation = properties.get("isolation.level", "read_committed") if committed_only else "read_uncommitted"
        return Consumer(
            {
                **gather,
                **properties,
                "group.id": f"fraudstream-{uuid.uuid4().hex[:8]}",
                "auto.offset.reset": "earliest" if from_start else "latest",
                "enable.auto.commit": False,
                "isolation.level": isolation,
            }
        )

    def group_consumer(self, group_id: str, *, instance: str | None = None) -> Consumer:
        """Open a consumer of a group, which continues where the group is and commits on request.

        A group begins with the oldest record, unless its reader assigns it elsewhere: what came meanwhile is read too.

        Parameters
        ----------
        instance
            Name within the group: who comes back under it has its partitions at once, and who is away for
            `SESSION_MS` loses them to the others. Without one, a process that stops gives them up.
        """
        named = {} if instance is None else {"group.instance.id": instance, "session.timeout.ms": SESSION_MS}
        return Consumer(
            {
                **named,
                **self.properties,
                "group.id": group_id,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                # A reader may work on a record for hours, as a retraining does, and keeps its partitions meanwhile.
                "max.poll.interval.ms": 86_400_000,
            }
        )

    def producer(self, properties: Mapping[str, Any]) -> Producer:
        """Open a producer with librdkafka's properties, which those of the settings replace."""
        return Producer({**properties, **self.properties})

    def publisher(self) -> Publisher:
        """Open a publisher of many records."""
        return Publisher(self.bootstrap_servers, settings=self.shared_properties)

    def codec(self, topic: str) -> RecordCodec:
        """Return the codec of a topic's records."""
        return topic_codec(self.settings, self.topics.row(topic).kind, value_subject(topic), self.registry())

    def codecs(self, *topics: str) -> TopicCodecs:
        """Return the decoders of several topics' records, for a reader without an end."""
        kinds = self.topics.kinds()
        return TopicCodecs(self.settings, {topic: kinds[topic] for topic in topics})

    def registry(self) -> SchemaRegistry:
        """Open the schema registry in use."""
        return registry_of(self.settings)

    def answers(self) -> bool:
        """Return whether a broker answers a metadata request."""
        return reachable(self.bootstrap_servers, self.shared_properties)


def reachable(bootstrap_servers: str, properties: Mapping[str, Any], *, timeout_s: float = 2.0) -> bool:
    """Return whether a broker answers a metadata request at an address."""
    client = AdminClient({**properties, "bootstrap.servers": bootstrap_servers, "log_level": 0})
    try:
        return bool(client.list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return False

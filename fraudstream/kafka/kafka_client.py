from __future__ import annotations

import uuid
from typing import Any

from confluent_kafka import Consumer

from fraudstream.kafka.librdkafka_security import librdkafka_security
from fraudstream.settings.settings import Settings

GATHER_BYTES = 1_000_000
"""With so much there is no waiting for more."""


def shared_properties(settings: Settings) -> dict[str, Any]:
    """Build the properties that every Kafka client here is given: the user's, and who we are to the brokers."""
    return {**settings.kafka.properties, **librdkafka_security(settings.kafka.security)}


REFRESH_MS = 5_000
"""So often a client asks which partitions its topics have, milliseconds: added ones are read within it."""


def client_properties(settings: Settings, bootstrap_servers: str) -> dict[str, Any]:
    """Build the properties of a Kafka client: the shared ones, and the address."""
    refresh = {"topic.metadata.refresh.interval.ms": REFRESH_MS}
    return {**refresh, **shared_properties(settings), "bootstrap.servers": bootstrap_servers, "log_level": 0}


def open_consumer(
    settings: Settings,
    bootstrap_servers: str,
    *,
    from_start: bool = True,
    committed_only: bool = True,
    gather_ms: int | None = None,
) -> Consumer:
    """Open a consumer that reads for itself alone and leaves no offsets behind.

    Parameters
    ----------
    settings, bootstrap_servers
        Where to read.
    from_start
        A topic that it subscribes to is read from its oldest record, else from the next one.
    committed_only
        Records of a transaction that is open or was aborted are not given, unless the user's own `isolation.level`
        says otherwise.
    gather_ms
        Records come together so often, in milliseconds, which spares the broker; None: each as soon as it is there.
    """
    gather = {} if gather_ms is None else {"fetch.min.bytes": GATHER_BYTES, "fetch.wait.max.ms": gather_ms}
    properties = client_properties(settings, bootstrap_servers)
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

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Message

from runtime.configuration.settings import Settings
from runtime.kafka.registry_access import registry_access
from schemas.codec import RecordCodec, UndecodableError
from schemas.registry import UnknownSchemaError, value_subject
from schemas.steady_registry import open_steady_registry


class TopicCodecs:
    """Decodes what comes out of several topics, for one who shows or counts it.

    Parameters
    ----------
    settings
        Where the schemas are registered.
    kinds
        Kind of record, by topic.
    """

    def __init__(self, settings: Settings, kinds: Mapping[str, str]) -> None:
        registry = open_steady_registry(registry_access(settings))
        self._codecs = {topic: RecordCodec(kind, value_subject(topic), registry) for topic, kind in kinds.items()}

    def decode(self, message: Message) -> dict[str, Any] | None:
        """Return the record of a message, None where it is not of its topic's kind: anyone may write to a topic."""
        try:
            return self._codecs[message.topic() or ""].decode(message.value() or b"")
        except (UndecodableError, UnknownSchemaError):
            return None

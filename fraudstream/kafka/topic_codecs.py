"""Decoders of records by topic."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from confluent_kafka import Message

from fraudstream.kafka.foreign_records import ForeignRecords
from fraudstream.kafka.registry_access import registry_access
from fraudstream.settings.settings import Settings
from schemas.avro_schemas import TRANSACTION
from schemas.codec import RecordCodec, UndecodableError
from schemas.declared_codec import DeclaredCodec
from schemas.errors import UserError
from schemas.registry import RegistryUnavailableError, SchemaRegistry, UnknownSchemaError, value_subject
from schemas.resilient_registry import open_steady_registry

T = TypeVar("T")

TOMBSTONE = "expected a value, got none (a tombstone)"


def topic_codec(settings: Settings, kind: str, subject: str, registry: SchemaRegistry) -> RecordCodec:
    """Return the codec of a kind of record; that of transactions is the declaration's where there is one."""
    if kind == TRANSACTION and settings.declaration is not None:
        return DeclaredCodec(settings.declaration, subject, registry)
    return RecordCodec(kind, subject, registry)


class TopicCodecs:
    """Decoders of several topics' records, which skip and count records that are not of their topic's kind.

    Parameters
    ----------
    settings
        Settings of the schema registry.
    kinds
        Kind of record, by topic.
    subjects
        Subject in the registry, by topic, where it isn't that of the topic's values.
    registry
        Registry of the schemas; None: one that treats schemas as unknown while the registry is down, for readers
        without an end.
    at_once
        Whether a topic's first foreign record is reported when it is met, by a reader without an end.
    """

    def __init__(
        self,
        settings: Settings,
        kinds: Mapping[str, str],
        *,
        subjects: Mapping[str, str] | None = None,
        registry: SchemaRegistry | None = None,
        at_once: bool = True,
    ) -> None:
        self.registry = registry = registry or open_steady_registry(registry_access(settings))
        """Registry of the schemas."""
        self._kinds, self._at_once = kinds, at_once
        self._codecs = {
            topic: topic_codec(settings, kind, (subjects or {}).get(topic, value_subject(topic)), registry)
            for topic, kind in kinds.items()
        }
        self.foreign = ForeignRecords()
        """Skipped records."""

    def decode(self, message: Message) -> dict[str, Any] | None:
        """Return the record of a message, None where it is not of its topic's kind: anyone may write to a topic."""
        return self.parse(message, lambda record: record)

    def parse(self, message: Message, parse: Callable[[dict[str, Any]], T]) -> T | None:
        """Return what `parse` makes of a message's record; None where it is not of its kind, or `parse` refuses it.

        Raises
        ------
        RegistryUnavailableError
            The registry given does not answer: the record's schema is unknown.
        """
        topic, payload = message.topic() or "", message.value()
        try:
            if payload is not None:
                return parse(self._codecs[topic].decode(payload))
            self.skip(message, TOMBSTONE)
        except RegistryUnavailableError:
            raise
        except (UnknownSchemaError, UserError) as error:
            self.skip(message, error)
        except Exception as error:
            self.skip(
                message, str(error) if isinstance(error, UndecodableError) else f"{type(error).__name__}: {error}"
            )
        return None

    def skip(self, message: Message, reason: object) -> None:
        """Count a message that its reader can't use."""
        self.foreign.skip(message, reason)
        if self._at_once:
            self.report(message.topic() or "")

    def report(self, topic: str) -> None:
        """Log how many records of a topic were skipped, once."""
        self.foreign.report(topic, self._kinds[topic].replace("_", " "))

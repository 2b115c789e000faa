"""Transaction ids of framed records, read without decoding the rest if the writer's schema allows it."""

import json

from confluent_kafka import Message

from fraudstream.kafka.topic_codecs import TopicCodecs
from fraudstream.observe.metrics.score_latency import leading_text
from schemas.framing import FramingError, schema_id_of
from schemas.registry import SchemaRegistry, UnknownSchemaError

FIELD = "transaction_id"
MAX_SCHEMAS = 1_000


class TransactionIds:
    """Reader of (key, transaction id) of transactions and scores, for any field order.

    Parameters
    ----------
    codecs
        Codecs for records that do not start with the id.
    registry
        Registry of the writers' schemas.
    """

    def __init__(self, codecs: TopicCodecs, registry: SchemaRegistry) -> None:
        self._codecs, self._registry = codecs, registry
        self._leads: dict[int, bool] = {}

    def read(self, message: Message) -> tuple[bytes, bytes] | None:
        """Return the key (the customer) and the transaction id of a record, if it has one."""
        payload = message.value() or b""
        try:
            leads = self._begins_with_id(schema_id_of(payload))
        except (FramingError, UnknownSchemaError):
            leads = False
        if leads:
            return message.key() or b"", leading_text(payload)
        record = self._codecs.decode(message)
        return None if record is None else (message.key() or b"", record[FIELD].encode())

    def _begins_with_id(self, schema_id: int) -> bool:
        """Return whether the first field of the schema is the id, as a plain string."""
        if schema_id not in self._leads:
            if len(self._leads) >= MAX_SCHEMAS:
                self._leads.clear()
            self._leads[schema_id] = _first_field(self._registry.schema_for(schema_id)) == (FIELD, "string")
        return self._leads[schema_id]


def _first_field(schema: str) -> tuple[str, str] | None:
    try:
        first = json.loads(schema)["fields"][0]
        return first["name"], first["type"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None

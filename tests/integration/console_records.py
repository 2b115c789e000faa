"""Records sent by the tests of the console."""

from typing import Any

from fraudstream.kafka.topic_reader import read_topic
from schemas.avro_schemas import LABEL
from schemas.codec import RecordCodec
from schemas.registry import value_subject
from tests.integration.scoring_lane import Lane


def codec(lane: Lane, kind: str, topic: str) -> RecordCodec:
    return RecordCodec(kind, value_subject(topic), lane.registry)


def send(lane: Lane, kind: str, topic: str, *records: dict[str, Any]) -> None:
    encode = codec(lane, kind, topic).encode
    lane.send_raw([(record["customer_id"].encode(), encode(record)) for record in records], topic)


def labels(lane: Lane) -> list[dict[str, Any]]:
    decode = codec(lane, LABEL, lane.topics.labels).decode
    messages = read_topic(lane.broker, lane.topics.labels)
    return [{**decode(message.value()), "record_key": message.key().decode()} for message in messages]

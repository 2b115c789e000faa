import pytest

from runtime.configuration.settings import load_settings
from runtime.kafka.topic_codecs import TopicCodecs
from schemas.avro_schemas import LABEL, TRANSACTION
from schemas.topics import Topics
from tests.records import label, label_codec, transaction, transaction_codec


class Message:
    """A record that was read: Kafka's client makes its own only from a broker's answer."""

    def __init__(self, topic: str, value: bytes | None):
        self.topic, self.value = lambda: topic, lambda: value


@pytest.fixture
def codecs():
    return TopicCodecs(load_settings(), {Topics().transactions: TRANSACTION, Topics().labels: LABEL})


def test_each_topic_has_its_kind(codecs):
    assert codecs.decode(Message(Topics().transactions, transaction_codec().encode(transaction(1)))) == transaction(1)
    assert codecs.decode(Message(Topics().labels, label_codec().encode(label(1)))) == label(1)


@pytest.mark.parametrize("payload", [None, b"", b"no record", b"\x00\x7f\xff\xff\xff", b"\x00\x00\x00\x00\x01\xff"])
def test_what_is_no_record_of_the_topic_is_passed_over(codecs, payload):
    assert codecs.decode(Message(Topics().transactions, payload)) is None

"""Messages of a topic without Kafka."""


class Message:
    """A record as read from Kafka; the client creates its own only from a broker's answer."""

    def __init__(self, topic: str, value: bytes | None, key: bytes | None = None, offset: int = 12):
        self.topic, self.value, self.key = lambda: topic, lambda: value, lambda: key
        self.partition, self.offset = lambda: 0, lambda: offset

"""Messages of a topic without Kafka."""


class Message:
    """A record that was read: Kafka's client makes its own only from a broker's answer."""

    def __init__(self, topic: str, value: bytes | None, key: bytes | None = None, offset: int = 12):
        self.topic, self.value, self.key = lambda: topic, lambda: value, lambda: key
        self.partition, self.offset = lambda: 0, lambda: offset

"""Position of a record: its partition and its offset."""

from confluent_kafka import Message


def position_of(message: Message) -> tuple[int, int]:
    """Return the partition and the offset of a message that was read."""
    return int(message.partition() or 0), int(message.offset() or 0)

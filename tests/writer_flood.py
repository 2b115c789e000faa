"""Floods of records for one topic: random writers, mixed with hostile bytes, invalid keys and tombstones."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.batches import Kind
from tests.hostile_records import HostileRecords, Message, message_of, spoiled
from tests.random_writers import ODD_VALUES, RandomWriter, framed
from tests.records import NOON_MS

CUSTOMERS, MERCHANTS = 300, 40
MINUTE_MS = 60_000
WRITER_SHARE, ODD, DAMAGED, OTHER_KEY = 0.6, 0.15, 0.05, 0.03


@dataclass(frozen=True)
class KnownWriter:
    """A random writer with a registered schema.

    Attributes
    ----------
    schema_id : int
        Id in the registry.
    writer : RandomWriter
    """

    schema_id: int
    writer: RandomWriter


class WriterFlood:
    """Seeded records of a kind.

    Parameters
    ----------
    kind : Kind
        Record kind with the codec of the registry of the writers.
    writers : sequence of KnownWriter
    seed : int
    """

    def __init__(self, kind: Kind, writers: Sequence[KnownWriter], seed: int) -> None:
        self._writers = writers
        self._chance = random.Random(seed)  # noqa: S311 - the same each time
        self._hostile = HostileRecords(kind, seed)
        # With a device and without one.
        self._plain = [{name: as_number(value) for name, value in kind.make(number).items()} for number in range(2)]
        self._drawn = 0

    def draw(self, count: int) -> Iterator[Message]:
        """Yield the next records."""
        for _ in range(count):
            from_writer = self._chance.random() < WRITER_SHARE
            made = self._from_writer() if from_writer else message_of(next(self._hostile.draw(1)))
            yield spoiled(self._chance, made)

    def _from_writer(self) -> Message:
        chance = self._chance
        known, intended = chance.choice(self._writers), self._intended()
        body = known.writer.body(chance, intended)
        if chance.random() < DAMAGED:
            body = body[: chance.randrange(len(body) or 1)] if chance.random() < 0.5 else body + b"\x00"
        key = intended["customer_id"]
        if not isinstance(key, str) or chance.random() < OTHER_KEY:
            key = chance.choice([None, "", "somebody else"])
        return None if key is None else key.encode(), framed(known.schema_id, body)

    def _intended(self) -> dict[str, Any]:
        """Return the values that a writer intends to send."""
        chance = self._chance
        self._drawn += 1
        time_ms = NOON_MS + self._drawn
        record = chance.choice(self._plain) | {
            "transaction_id": f"w{self._drawn}",
            "customer_id": f"w{chance.randrange(CUSTOMERS)}",
            "merchant_id": f"w{chance.randrange(MERCHANTS)}",
            "amount_minor": chance.randrange(10**6),
            "event_time": time_ms,
        }
        if "label_time" in record:
            record |= {"label_time": time_ms + chance.choice([0, MINUTE_MS]), "is_fraud": chance.random() < 0.1}
        if chance.random() < ODD:
            record[chance.choice([*record])] = chance.choice(ODD_VALUES)
        return record


def as_number(value: Any) -> Any:
    """Return a time as milliseconds since 1970, anything else unchanged."""
    if not isinstance(value, datetime):
        return value
    return round((value - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)

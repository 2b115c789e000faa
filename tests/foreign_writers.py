"""Foreign records for topics that are read record by record: random writers, damage, long ids, tombstones."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.codec import RecordCodec
from tests.random_writers import ODD_VALUES, framed
from tests.writer_flood import KnownWriter, as_number

LONG = "x" * 900_000


@dataclass(frozen=True)
class ForeignKind:
    """A record kind and its foreign writers.

    Attributes
    ----------
    record : dict
        A valid record.
    codec : RecordCodec
        Codec of the registry with the writers.
    writers : sequence of KnownWriter
    """

    record: Mapping[str, Any]
    codec: RecordCodec
    writers: Sequence[KnownWriter]


class ForeignRecords:
    """Seeded records for one topic.

    Parameters
    ----------
    kinds : sequence of ForeignKind
        Record kinds of the topic.
    keys : sequence of bytes
        Record keys, drawn uniformly.
    seed : int
    """

    def __init__(self, kinds: Sequence[ForeignKind], keys: Sequence[bytes], seed: int) -> None:
        self._kinds, self._keys = kinds, keys
        self._chance = random.Random(seed)  # noqa: S311 - the same each time

    def draw(self, count: int) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the next records."""
        for _ in range(count):
            yield self._chance.choice(self._keys), None if self._chance.random() < 0.02 else self._value()

    def _value(self) -> bytes:
        chance = self._chance
        kind = chance.choice(self._kinds)
        way = chance.random()
        if way < 0.01:
            name = next(name for name in kind.record if name.endswith("_id"))
            return kind.codec.encode({**kind.record, name: LONG})
        if way < 0.4:
            return self._damaged(kind.codec.encode(dict(kind.record)))
        values = {name: as_number(value) for name, value in kind.record.items()}
        if chance.random() < 0.3:
            values[chance.choice([*values])] = chance.choice(ODD_VALUES)
        known = chance.choice(kind.writers)
        return framed(known.schema_id, known.writer.body(chance, values))

    def _damaged(self, payload: bytes) -> bytes:
        chance = self._chance
        at = chance.randrange(len(payload))
        match chance.randrange(4):
            case 0:
                return payload[:at]
            case 1:
                return payload[:at] + chance.randbytes(chance.randint(1, 9)) + payload[at + 1 :]
            case 2:
                return chance.randbytes(chance.choice([0, 1, 5, 300]))
        return payload[:at] + bytes([payload[at] ^ 1 << chance.randrange(8)]) + payload[at + 1 :]

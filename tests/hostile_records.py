"""Seeded records as a broken or malicious sender would make them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.framing import header
from tests.batches import Kind
from tests.records import NOON_MS

HOUR_MS = 3_600_000
LARGEST_LONG = 2**63 - 1
CUSTOMERS = [*(f"c{number}" for number in range(40)), "Bäcker 日本", "\U0001f4b3", "a\x00b", "c\x00"]

TEXTS = [
    "", "\x00", "a\x00b", "\ufffd", "\ufeff", "\ufeffc1", "\ufffec1",
    "c\ufeff", "\U0010ffff", "\ud7ff", "e\u0301", "x" * 256, "x" * 257, "日" * 85,
    "日" * 86, "x" * 65_000, "\n\r\t", "\x1b[31m[/red]", "' OR 1=1 --", "NaN", "null",
]  # fmt: skip
LONGS = [0, 1, -1, 127, 128, 2**31, 2**53 + 1, 10**10, 10**10 + 1, LARGEST_LONG, -LARGEST_LONG - 1, 2**62]
TIMES = [
    0, 1, -1, NOON_MS, NOON_MS + 24 * HOUR_MS, NOON_MS + 24 * HOUR_MS + 1, NOON_MS - 3_650 * 24 * HOUR_MS,
    4_102_444_800_000, LARGEST_LONG, -LARGEST_LONG - 1, 253_402_300_800_000,
]  # fmt: skip
COORDINATES = [
    None, 0.0, -0.0, 90.0, -90.0, 180.0, 90.000001, 180.5, float("nan"), float("inf"), float("-inf"), 5e-324, 1e308,
]  # fmt: skip
NOT_TEXT = [b"\xed\xa0\x80", b"\xff\xfe", b"\xc0\x80", b"\xf4\x90\x80\x80"]
LENGTHS = [
    b"\xff\xff\xff\xff\x0f",
    b"\xfe" + b"\xff" * 8 + b"\x01",
    b"\x01",
    b"\xff" * 9 + b"\x01",
    b"\x80" * 12 + b"\x00",
]

INVALID_KEYS = ["\ufeffc1".encode(), "\ufffec1".encode(), b"\xff\xfe", b"a\xf0\x9f", b"\xed\xa0\x80", b"\x00", b""]

Message = tuple[bytes | None, bytes | None]
"""Key and value on a topic; a tombstone has no value."""


@dataclass(frozen=True)
class Hostile:
    """A record as read from Kafka."""

    key: str | None
    payload: bytes


class HostileRecords:
    """Seeded hostile records of a kind, with enough valid ones between them to fill histories.

    Parameters
    ----------
    kind : Kind
    seed : int
    """

    def __init__(self, kind: Kind, seed: int) -> None:
        self._kind = kind
        self._random = random.Random(seed)  # noqa: S311 - the same each time
        self._number = 0
        self._last = b""
        fields = kind.make()
        pools = {
            "amount_minor": LONGS,
            "event_time": TIMES,
            "label_time": TIMES,
            "latitude": COORDINATES,
            "longitude": COORDINATES,
        }
        self._pools = {
            name: pools.get(name, TEXTS if isinstance(value, str) or value is None else [True, False])
            for name, value in fields.items()
        }
        self._mutations: list[Callable[[bytes], bytes]] = [
            self._truncate, self._flip_bits, self._splice, self._insert, self._delete, self._other_schema,
            self._huge_length, self._superfluous_byte, self._not_text, self._grow, self._noise,
        ]  # fmt: skip

    def draw(self, count: int) -> Iterator[Hostile]:
        """Yield the next records."""
        for _ in range(count):
            self._number += 1
            yield self._next()

    def _next(self) -> Hostile:
        chance, pick = self._random.random(), self._random.choice
        record = self._valid()
        if chance < 0.3:
            for name in self._random.sample(list(self._pools), self._random.randint(1, 3)):
                record[name] = pick(self._pools[name])
        payload = self._kind.codec.encode(record)
        previous, self._last = self._last, payload
        if 0.3 <= chance < 0.6:
            for _ in range(self._random.randint(1, 2)):
                payload = pick(self._mutations)(payload)
        elif 0.6 <= chance < 0.61:
            payload = previous  # repeated under another key
        key = record["customer_id"]
        if self._random.random() < 0.03:
            key = pick([None, "", "somebody else", key + "\x00", "\ufffd", "k" * 65_536, *CUSTOMERS])
        return Hostile(key, payload)

    def _valid(self) -> dict[str, Any]:
        random = self._random
        # Times are often equal and often late; ids are sometimes repeated, one of them very often.
        time_ms = NOON_MS - random.choice([0, 1, 1_000, 60_000, HOUR_MS, 30 * 24 * HOUR_MS]) * random.randint(0, 9)
        ids = random.choice(["the same", f"t{self._number}", f"t{self._number}", f"t{self._number // 50}"])
        changes = {
            "transaction_id": ids,
            "customer_id": random.choice(CUSTOMERS),
            "amount_minor": random.choice([0, 1, 999, 10**10, random.randrange(10**6)]),
            "event_time": time_ms,
        }
        if "label_time" in self._pools:
            changes["label_time"] = min(time_ms + random.choice([0, 1, HOUR_MS]), NOON_MS + HOUR_MS)
        return self._kind.make(self._number, **changes)

    def _index(self, payload: bytes) -> int:
        return self._random.randrange(len(payload) + 1)

    def _truncate(self, payload: bytes) -> bytes:
        return payload[: self._index(payload)]

    def _flip_bits(self, payload: bytes) -> bytes:
        changed = bytearray(payload)
        for _ in range(self._random.randint(1, 4) if changed else 0):
            changed[self._random.randrange(len(changed))] ^= 1 << self._random.randrange(8)
        return bytes(changed)

    def _splice(self, payload: bytes) -> bytes:
        return payload[: self._index(payload)] + self._last[self._index(self._last) :]

    def _insert(self, payload: bytes) -> bytes:
        at = self._index(payload)
        return payload[:at] + self._random.randbytes(self._random.randint(1, 9)) + payload[at:]

    def _delete(self, payload: bytes) -> bytes:
        at = self._index(payload)
        return payload[:at] + payload[at + self._random.randint(1, 9) :]

    def _other_schema(self, payload: bytes) -> bytes:
        return header(self._random.choice([0, *range(1, 12), 2**31, 2**32 - 1])) + payload[5:]

    def _huge_length(self, payload: bytes) -> bytes:
        at = self._random.choice([5, self._index(payload)])
        return payload[:at] + self._random.choice(LENGTHS) + payload[at + 1 :]

    def _superfluous_byte(self, payload: bytes) -> bytes:
        at = self._random.choice([5, self._index(payload)])
        return payload[:at] + bytes([byte | 128 for byte in payload[at : at + 1]]) + b"\x00" + payload[at + 1 :]

    def _not_text(self, payload: bytes) -> bytes:
        at = self._random.choice([6, self._index(payload)])
        text = self._random.choice(NOT_TEXT)
        return payload[:at] + text + payload[at + len(text) :]

    def _grow(self, payload: bytes) -> bytes:
        return payload + bytes(self._random.choice([1, 5, 70_000]))

    def _noise(self, payload: bytes) -> bytes:
        return self._random.randbytes(self._random.choice([0, 1, 4, 5, len(payload)]))


def message_of(record: Hostile) -> Message:
    """Return a record as its sender passes it to Kafka."""
    return None if record.key is None else record.key.encode(), record.payload


def spoiled(chance: random.Random, message: Message) -> Message:
    """Return a message unchanged, or sometimes as a tombstone or under an unknown key."""
    key, value = message
    if chance.random() < 0.02:
        key = chance.choice(INVALID_KEYS)
    return key, None if chance.random() < 0.01 else value

"""Random encoded values of an Avro schema."""

import random
import struct
from math import isfinite
from typing import Any

TEXTS = ["", "x", "grocery", "Zürich", "\U0001f600", "\x00", "null", "x" * 300]
LONGS = [0, 1, -1, 63, 64, -(2**31), 2**31 - 1, 2**31, -(2**63), 2**63 - 1, 1_772_000_000]
DOUBLES = [0.0, -0.0, 48.2, -180.0, 180.5, float("nan"), float("inf")]
DEEPEST = 4


class RandomBody:
    """Encoder of values of one parsed schema."""

    def __init__(self, chance: random.Random, named: dict[str, Any]) -> None:
        self._chance = chance
        self._named = named

    def encode(self, kind: Any, intended: Any, depth: int) -> bytes:  # noqa: PLR0911 - one for each form
        """Return an encoded value: the intended one if the type allows it."""
        if isinstance(kind, list):
            return self._union(kind, intended, depth)
        if isinstance(kind, str) and kind in self._named:
            kind = self._named[kind]
        match kind if isinstance(kind, str) else kind["type"]:
            case "record":
                inner = intended if isinstance(intended, dict) else {}
                return b"".join(
                    self.encode(field["type"], inner.get(field["name"]), depth + 1) for field in kind["fields"]
                )
            case "array":
                return self._blocks(lambda: self.encode(kind["items"], None, depth + 1), depth)
            case "map":
                return self._blocks(lambda: _text(b"k") + self.encode(kind["values"], None, depth + 1), depth)
            case "enum":
                return _varint(self._chance.randrange(len(kind["symbols"])))
            case "fixed":
                return self._chance.randbytes(kind["size"])
            case str(name):
                return self._primitive(name, intended)
        raise AssertionError(kind)

    def _union(self, branches: list[Any], intended: Any, depth: int) -> bytes:
        indices = [*range(len(branches))]
        values = [index for index in indices if branches[index] != "null"]
        others = [index for index in indices if branches[index] == "null"]
        if (depth > DEEPEST or intended is None) and others and (depth > DEEPEST or self._chance.random() < 0.5):
            index = others[0]
        elif intended is not None and self._chance.random() < 0.95:
            index = next((index for index in values if _holds(branches[index], intended)), indices[0])
        else:
            index = self._chance.choice(indices)
        return _varint(index) + self.encode(branches[index], intended, depth + 1)

    def _blocks(self, item: Any, depth: int) -> bytes:
        made = b""
        for _ in range(self._chance.randint(0, 2) if depth <= DEEPEST else 0):
            items = [item() for _ in range(self._chance.randint(1, 3))]
            whole = b"".join(items)
            # After a negative count a block also has its size in bytes.
            sized = self._chance.random() < 0.3
            made += (_varint(-len(items)) + _varint(len(whole)) if sized else _varint(len(items))) + whole
        return made + b"\x00"

    def _primitive(self, name: str, intended: Any) -> bytes:
        chance = self._chance
        if name == "null":
            return b""
        if name == "boolean":
            return bytes([intended if isinstance(intended, bool) else chance.randint(0, 1)])
        if name in {"int", "long"}:
            bits = 31 if name == "int" else 63
            known = int(intended) if isinstance(intended, int | float) and isfinite(intended) else chance.choice(LONGS)
            return _varint(known if -(1 << bits) <= known < 1 << bits else chance.randrange(1 << bits))
        if name in {"float", "double"}:
            known = float(intended) if isinstance(intended, int | float) else chance.choice(DOUBLES)
            return struct.pack("<f" if name == "float" else "<d", known)
        known = intended if isinstance(intended, str) else chance.choice(TEXTS)
        odd = name == "bytes" and (not isinstance(intended, str) or chance.random() < 0.03)
        return _text(b"\xff\xfe" if odd else known.encode())


def _holds(kind: Any, intended: Any) -> bool:
    if isinstance(intended, dict):
        return isinstance(kind, dict) and kind["type"] == "record"
    fitting = {
        bool: {"boolean"},
        int: {"int", "long"},
        float: {"double", "float", "long", "int"},
        str: {"string", "bytes"},
    }
    return isinstance(kind, str) and kind in fitting.get(type(intended), set())


def _varint(value: int) -> bytes:
    bits = (value << 1) ^ (value >> 63)
    bits &= (1 << 64) - 1
    made = bytearray()
    while bits > 127:
        made.append(bits & 127 | 128)
        bits >>= 7
    return bytes([*made, bits])


def _text(value: bytes) -> bytes:
    return _varint(len(value)) + value

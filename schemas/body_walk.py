"""Whether a record's body is worth decoding: no deeper and no longer than its bytes can account for."""

from collections.abc import Callable
from typing import Any

from schemas.plain_schema import MAX_DEPTH, PRIMITIVE

MORE_VALUES = 1_000
"""Values without bytes (nulls, empty records) that a record may have beyond one for each of its bytes."""

_MASK = (1 << 64) - 1

Step = Callable[["_Cursor"], None]


class WildBodyError(ValueError):
    """The body is nested, or counts values, beyond what a decoder can bear."""


class BodyWalk:
    """Steps along the values of bodies of one writer's schema, in bounded time and depth.

    A decoder trusts counts and nesting. A record of ten bytes can say that an array of nulls has 2^40 items, and a few
    thousand nested records of a type that holds itself overflow a compiled decoder's stack, which ends the process.

    Parameters
    ----------
    schema : Any
        A writer's schema as fastavro has parsed it, with full names.
    named : dict
        Its named types by full name.
    """

    def __init__(self, schema: Any, named: dict[str, Any]) -> None:
        self._named = named
        self._steps: dict[str, Step] = {}
        self._step = self._step_of(schema)

    def check(self, payload: bytes, start: int) -> None:
        """Go from `start` to the body's end.

        Raises
        ------
        WildBodyError
            More values or depth than there may be.
        EOFError
            The body ends within a value.
        """
        self._step(_Cursor(payload, start))

    def _step_of(self, schema: Any) -> Step:
        if isinstance(schema, list):
            return _union([self._step_of(branch) for branch in schema])
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind in PRIMITIVE:
            return _PRIMITIVE_STEPS[kind]
        if kind == "array":
            return _blocks(self._step_of(schema["items"]))
        if kind == "map":
            return _blocks(_entry(self._step_of(schema["values"])))
        return self._named_step(schema["name"] if isinstance(schema, dict) else schema)

    def _named_step(self, name: str) -> Step:
        if name not in self._steps:
            # A type may hold itself: its step is looked up when it is taken.
            self._steps[name] = lambda cursor: self._steps[name](cursor)  # noqa: PLW0108
            self._steps[name] = self._step_of_named(self._named[name])
        return self._steps[name]

    def _step_of_named(self, schema: dict[str, Any]) -> Step:
        if schema["type"] == "enum":
            return _varint
        if schema["type"] == "fixed":
            size = schema["size"]
            return lambda cursor: cursor.skip(size)
        return _record([self._step_of(field["type"]) for field in schema["fields"]])


class _Cursor:
    """Index in a body, and what may still come."""

    __slots__ = ("at", "data", "depth", "end", "left")

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at, self.end = data, at, len(data)
        self.left, self.depth = 2 * len(data) + MORE_VALUES, 0

    def skip(self, size: int) -> None:
        self.spend(1)
        if size < 0 or size > self.end - self.at:
            raise EOFError(f"expected {size} bytes, got {self.end - self.at}")
        self.at += size

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise WildBodyError(f"expected values nested at most {MAX_DEPTH} deep, got more")

    def spend(self, values: int) -> None:
        self.left -= values
        if self.left < 0:
            raise WildBodyError(f"expected no more values than bytes and {MORE_VALUES:,}, got more")

    def long(self) -> int:
        bits = shift = 0
        while self.at < self.end:
            byte = self.data[self.at]
            self.at += 1
            # Beyond 64 bits as fastavro's compiled code reckons: the walk must see the count that it will see.
            bits |= ((byte & 127) << (shift & 63)) & _MASK
            if byte < 128:
                value = (bits >> 1) ^ (-(bits & 1) & _MASK)
                return value - (1 << 64) if value >> 63 else value
            shift += 7
        raise EOFError("expected a number, got bytes without its end")


def _varint(cursor: _Cursor) -> None:
    cursor.spend(1)
    cursor.long()


def _text(cursor: _Cursor) -> None:
    cursor.skip(cursor.long())


def _union(steps: list[Step]) -> Step:
    def step(cursor: _Cursor) -> None:
        branch = cursor.long()
        if not -len(steps) <= branch < len(steps):  # fastavro takes one from the end too
            raise IndexError(f"expected one of {len(steps)} branches of a union, got branch {branch}")
        steps[branch](cursor)

    return step


def _blocks(item: Step) -> Step:
    def step(cursor: _Cursor) -> None:
        cursor.spend(1)
        cursor.deeper()
        while count := cursor.long():
            if count < 0:
                count = -count
                cursor.long()
            cursor.spend(count)
            for _ in range(count):
                item(cursor)
        cursor.depth -= 1

    return step


def _entry(value: Step) -> Step:
    def step(cursor: _Cursor) -> None:
        _text(cursor)
        value(cursor)

    return step


def _record(steps: list[Step]) -> Step:
    def step(cursor: _Cursor) -> None:
        cursor.spend(1)
        cursor.deeper()
        for field in steps:
            field(cursor)
        cursor.depth -= 1

    return step


_PRIMITIVE_STEPS: dict[str, Step] = {
    "null": lambda cursor: cursor.spend(1),
    "boolean": lambda cursor: cursor.skip(1),
    "int": _varint,
    "long": _varint,
    "float": lambda cursor: cursor.skip(4),
    "double": lambda cursor: cursor.skip(8),
    "bytes": _text,
    "string": _text,
}

"""Whether framed Avro records are whole and canonical, found for a batch in compiled code without decoding it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import boolean, int64, njit, types, uint8, uint64

from schemas.framing import header

_STRING, _LONG, _BOOLEAN, _DOUBLE, _INT, _FLOAT = range(6)
_KINDS = {"string": _STRING, "long": _LONG, "boolean": _BOOLEAN, "double": _DOUBLE, "int": _INT, "float": _FLOAT}
_KIND_MASK = 7
_NULLABLE, _NULL_LAST = 8, 16

_BYTES = types.Array(uint8, 1, "C", readonly=True)
# Indices are unsigned: numba would check of each signed one whether it counts from the end. So is what they are
# reckoned with, as a mix of both is a float. A record begins with its header, so none of its fields ends at 0.
_BAD, _ONE, _SEVEN, _LAST_SHIFT = uint64(0), uint64(1), uint64(7), uint64(63)
_DOUBLE_BYTES, _FLOAT_BYTES = uint64(8), uint64(4)
_INT_BITS = uint64(32)


class RecordWalk:
    """Walks along the fields of records that were written with one schema.

    Avro has no end mark and no check sum: the one way to see that a record is whole is to go from field to field.
    A record that passes is the only encoding of what it holds, so any decoder reads the same from it.

    Parameters
    ----------
    schema : dict
        A record's Avro schema, parsed from JSON, with fields of the types in `_KINDS` or null and one of these.
    schema_id : int
        The id that its records carry.

    Raises
    ------
    ValueError
        A field is of another type.
    """

    def __init__(self, schema: dict[str, Any], schema_id: int) -> None:
        self._head = np.frombuffer(header(schema_id), np.uint8)
        self._kinds = np.array([_kind(field["type"]) for field in schema["fields"]], np.uint8)

    def sound(self, payloads: Sequence[bytes], max_bytes: int) -> npt.NDArray[np.bool_]:
        """Return which of n payloads hold one record: framed with the id, canonical, and ending where the payload does.

        Not canonical are a varint with needless bytes or over 64 bits, a branch of a union or a boolean other than
        0 and 1, and text that is not UTF-8.

        Parameters
        ----------
        max_bytes : int
            A payload with more is none of these.

        Returns
        -------
        (n,) bool
        """
        sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
        found = np.empty(len(payloads), np.bool_)
        whole = np.frombuffer(b"".join(payloads), np.uint8)
        _walk(whole, sizes, max_bytes, self._head, self._kinds, found)
        return found


def _kind(avro_type: Any) -> int:
    match avro_type:
        case ["null", other]:
            return _NULLABLE | _kind(other)
        case [other, "null"]:
            return _NULLABLE | _NULL_LAST | _kind(other)
        case {"type": str(name)} | str(name) if name in _KINDS:
            return _KINDS[name]
        case _:
            raise ValueError(f"expected a field of {', '.join(_KINDS)}, or null and one of these, got {avro_type}")


@njit(boolean(_BYTES, uint64, uint64), cache=True, nogil=True)
def _is_utf8(data: Any, at: int, end: int) -> bool:
    """Whether bytes are UTF-8 as Unicode defines it: shortest form, no surrogates, up to U+10FFFF."""
    while at < end:
        first = data[at]
        at += _ONE
        if first < 0x80:
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            more = _ONE
        elif 0xE0 <= first <= 0xEF:
            more = uint64(2)
            low = 0xA0 if first == 0xE0 else low
            high = 0x9F if first == 0xED else high
        elif 0xF0 <= first <= 0xF4:
            more = uint64(3)
            low = 0x90 if first == 0xF0 else low
            high = 0x8F if first == 0xF4 else high
        else:
            return False
        if at + more > end:
            return False
        for _ in range(more):
            if not low <= data[at] <= high:
                return False
            low, high = 0x80, 0xBF
            at += _ONE
    return True


@njit(inline="always")
def _read_varint(data, at, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the bits of a canonical varint of at most 64 bits and where it ends, `_BAD` when it is none."""
    if at >= end:
        return uint64(0), _BAD
    byte = data[at]
    at += _ONE
    if byte < 128:
        return uint64(byte), at
    bits, shift = uint64(byte & 127), _SEVEN
    while at < end and shift <= _LAST_SHIFT:
        byte = data[at]
        at += _ONE
        bits |= uint64(byte & 127) << shift
        if byte < 128:
            # A last byte of 0 adds nothing; the tenth has room for one bit.
            return bits, _BAD if byte == 0 or (shift == _LAST_SHIFT and byte > 1) else at
        shift += _SEVEN
    return bits, _BAD


@njit(inline="always")
def _after_string(data, at, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return where a string ends."""
    bits, at = _read_varint(data, at, end)
    # An odd length is negative.
    if at == _BAD or bits & _ONE or bits >> _ONE > end - at:
        return _BAD
    after = at + (bits >> _ONE)
    every = uint8(0)
    for index in range(at, after):
        every |= data[index]
    return after if every < 128 or _is_utf8(data, at, after) else _BAD


@njit(inline="always")
def _after_value(data, at, end, kind):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return where a value ends that is not null."""
    if kind == _STRING:
        return _after_string(data, at, end)
    if kind == _LONG:
        return _read_varint(data, at, end)[1]
    if kind == _DOUBLE:
        return at + _DOUBLE_BYTES if at + _DOUBLE_BYTES <= end else _BAD
    if kind == _INT:
        bits, after = _read_varint(data, at, end)
        return after if bits >> _INT_BITS == 0 else _BAD
    if kind == _FLOAT:
        return at + _FLOAT_BYTES if at + _FLOAT_BYTES <= end else _BAD
    return at + _ONE if at < end and data[at] <= 1 else _BAD


@njit(types.void(_BYTES, int64[::1], int64, _BYTES, uint8[::1], boolean[::1]), cache=True, nogil=True)
def _walk(data: Any, sizes: Any, max_bytes: int, head: Any, kinds: Any, found: Any) -> None:
    end = uint64(0)
    for row in range(len(sizes)):
        at = end
        end += uint64(sizes[row])
        found[row] = False
        if sizes[row] < len(head) or sizes[row] > max_bytes:
            continue
        framed = True
        for index in range(len(head)):
            framed &= data[at] == head[index]
            at += _ONE
        if not framed:
            continue
        for field in range(len(kinds)):
            kind = kinds[field]
            if kind & _NULLABLE:
                if at == end or data[at] & 253:  # the first branch is written as 0, the second as 2
                    at = _BAD
                    break
                at += _ONE
                if data[at - _ONE] == (2 if kind & _NULL_LAST else 0):
                    continue
            at = _after_value(data, at, end, kind & _KIND_MASK)
            if at == _BAD:
                break
        found[row] = at == end

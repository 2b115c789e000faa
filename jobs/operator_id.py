"""The id that Flink makes of an operator's uid: its hash by MurmurHash3 (x64, 128 bits, seed 0), in hexadecimal digits.

Savepoints and Flink's messages name operators by it. Constants and steps are those of the hash's reference code.
"""

_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def operator_id(uid: str) -> str:
    """Return the 32 hexadecimal digits of the operator with this uid."""
    data = uid.encode()
    h1 = h2 = 0
    blocks = len(data) // 16 * 16
    for start in range(0, blocks, 16):
        h1 ^= _first(int.from_bytes(data[start : start + 8], "little"))
        h1 = (_rotate(h1, 27) + h2) * 5 + 0x52DCE729 & _MASK
        h2 ^= _second(int.from_bytes(data[start + 8 : start + 16], "little"))
        h2 = (_rotate(h2, 31) + h1) * 5 + 0x38495AB5 & _MASK
    tail = data[blocks:]
    h2 ^= _second(int.from_bytes(tail[8:], "little"))
    h1 ^= _first(int.from_bytes(tail[:8], "little"))
    h1, h2 = h1 ^ len(data), h2 ^ len(data)
    h1 = h1 + h2 & _MASK
    h2 = h2 + h1 & _MASK
    h1, h2 = _mix(h1), _mix(h2)
    h1 = h1 + h2 & _MASK
    h2 = h2 + h1 & _MASK
    return (h1.to_bytes(8, "little") + h2.to_bytes(8, "little")).hex()


def _first(word: int) -> int:
    return _rotate(word * _C1 & _MASK, 31) * _C2 & _MASK


def _second(word: int) -> int:
    return _rotate(word * _C2 & _MASK, 33) * _C1 & _MASK


def _rotate(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _MASK


def _mix(word: int) -> int:
    word = (word ^ word >> 33) * 0xFF51AFD7ED558CCD & _MASK
    word = (word ^ word >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return word ^ word >> 33

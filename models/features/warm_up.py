from functools import cache

from numba import from_dtype, types

from models.features import hashing, kernel
from models.features.history import ENTRY


def _vector(dtype: types.Type, *, readonly: bool = True) -> types.Array:
    return types.Array(dtype, 1, "C", readonly=readonly)


_ENTRIES = types.Array(from_dtype(ENTRY), 2, "C")
_HASHES, _INTS = _vector(types.uint64), _vector(types.int64)
_FLOATS, _DOUBLES = _vector(types.float32), _vector(types.float64)
_COUNTS = _vector(types.int32, readonly=False)
_OUT_FLOATS = _vector(types.float32, readonly=False)

HASH_SIGNATURE = (
    _vector(types.int32),
    _vector(types.uint8),
    _vector(types.uint8),
    types.int64,
    _vector(types.uint64, readonly=False),
)
ADVANCE_SIGNATURE = (
    _ENTRIES, _COUNTS, _INTS, _INTS, _INTS, _FLOATS,
    _HASHES, _INTS, _INTS, _HASHES, _HASHES, _DOUBLES, _DOUBLES, _FLOATS, _FLOATS,
    types.Array(types.float32, 2, "C"), _vector(types.uint8, readonly=False), _vector(types.int64,
    readonly=False), _OUT_FLOATS,
)  # fmt: skip
REMEMBER_SIGNATURE = (
    _ENTRIES, _COUNTS, _INTS, _vector(types.uint8), _INTS, _FLOATS, _FLOATS, _OUT_FLOATS,
)  # fmt: skip


@cache
def warm_up() -> None:
    """Compile all that the engine calls, or read it from the cache on disk; later calls do nothing.

    Takes some seconds on a machine's first run (benchmarks/features_kernel.py reports it) and some tens of
    milliseconds from then on. Call it where waiting is harmless, as in an operator's open().
    """
    for function, signature in (
        (hashing.hash_strings, HASH_SIGNATURE),
        (kernel.advance, ADVANCE_SIGNATURE),
        (kernel.remember, REMEMBER_SIGNATURE),
    ):
        function.compile(signature)
        function.disable_compile()

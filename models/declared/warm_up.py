"""Compilation of the declared features' kernel before the first batch."""

import numpy as np
from numba import from_dtype, types

from models.declared import aggregate_kernel
from models.declared.aggregate_pool import HEAD
from models.declared.aggregate_record import TILE
from models.features.compiled import compiles_once
from models.features.warm_up import warm_up


def _array(dtype: types.Type, axes: int) -> types.Array:
    return types.Array(dtype, axes, "C")


def _tuple(*members: types.Type) -> types.Type:
    return types.Tuple(members)  # type: ignore[no-untyped-call]


def _records(dtype: np.dtype[np.void], axes: int) -> types.Array:
    return _array(from_dtype(dtype), axes)


_WORDS = (types.int64, types.float64, types.uint64)
_TABLE = _array(types.int64, 2)
_LONGS = _array(types.int64, 1)
SIGNATURE = (
    _tuple(_records(HEAD, 1), *(_array(dtype, 3) for dtype in _WORDS), _array(types.uint64, 2)),
    _tuple(
        _records(TILE, 2), _array(types.int32, 2), _array(types.uint8, 3), _array(types.uint64, 3),
        _array(types.int64, 3), _array(types.int32, 2), _TABLE, _TABLE, _array(types.float64, 2),
    ),
    _tuple(
        _array(types.int32, 1), _array(types.uint64, 2), _array(types.int32, 2), _array(types.int32, 2),
    ),
    _tuple(_TABLE, _LONGS, _TABLE, _LONGS, _TABLE, _TABLE),
    _LONGS, _tuple(*(_array(dtype, 2) for dtype in _WORDS)), types.int64, types.boolean, _array(types.uint8, 1),
    _LONGS, _array(types.float32, 2),
)  # fmt: skip


@compiles_once
def warm_up_aggregates() -> None:
    """Compile the kernel, or read it from the cache on disk; later calls do nothing. See `warm_up`."""
    warm_up()
    aggregate_kernel.advance.compile(SIGNATURE)
    aggregate_kernel.advance.disable_compile()

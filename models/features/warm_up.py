"""Compilation of the kernels before the first batch."""

import numpy as np
from numba import from_dtype, types

from models.features import hashing, kernel, label_kernel, undo_kernel
from models.features.compiled import compiles_once
from models.features.entities import entity_kernel, entity_pool, entity_record, event_kernel, record_kernel, slot_index
from models.features.entity import ENTITIES
from models.features.history import ENTRY, TILE
from models.features.history_undo import CHANGE
from models.features.label_record import DAY_TILE, ENTITY_LABEL, LABEL, TOTALS


def _vector(dtype: types.Type, *, readonly: bool = True) -> types.Array:
    return types.Array(dtype, 1, "C", readonly=readonly)


def _rows(dtype: np.dtype[np.void]) -> types.Array:
    return types.Array(from_dtype(dtype), 2, "C")


def _one_row(dtype: np.dtype[np.void], *, readonly: bool = False) -> types.Array:
    return _vector(from_dtype(dtype), readonly=readonly)


def _tuple(*members: types.Type) -> types.Type:
    return types.Tuple(members)  # type: ignore[no-untyped-call]


_HASHES, _INTS, _BYTES = _vector(types.uint64), _vector(types.int64), _vector(types.uint8)
_FLOATS, _DOUBLES = _vector(types.float32), _vector(types.float64)
_COUNTS, _FLAGS = _vector(types.int32, readonly=False), _vector(types.uint8, readonly=False)
_OUT_FLOATS, _X = _vector(types.float32, readonly=False), types.Array(types.float32, 2, "C")
_FACTS = (_INTS, _INTS, _INTS, _FLOATS)
_LEDGER_ROWS = (types.uint64, types.int64, types.int64, types.int32)
_LEDGER = _tuple(_COUNTS, *(types.Array(dtype, 2, "C") for dtype in _LEDGER_ROWS))
_LABELS = (_rows(LABEL), _COUNTS, types.Array(from_dtype(TOTALS), 1, "C"), _rows(DAY_TILE), _COUNTS, _LEDGER, _FLAGS)

_IDS = tuple(types.Array(dtype, 2, "C") for dtype in (types.uint64, types.int32, types.float32, types.int32))

_CHANGES = _tuple(_one_row(CHANGE), _one_row(ENTRY), _rows(TILE))

HASH_SIGNATURE = (_vector(types.int32), _BYTES, _BYTES, types.int64, _vector(types.uint64, readonly=False))
ADVANCE_SIGNATURE = (
    _rows(ENTRY), _COUNTS, _rows(TILE), _FLAGS, _COUNTS, _tuple(_COUNTS, *_IDS), _FLAGS, _INTS, *_FACTS,
    _HASHES, _INTS, _INTS, _DOUBLES, _HASHES, _HASHES, _DOUBLES, _DOUBLES, _FLOATS, _FLOATS,
    _X, _FLAGS, _vector(types.int64, readonly=False), _OUT_FLOATS, _one_row(ENTRY), _CHANGES,
)  # fmt: skip
RESTORE_SIGNATURE = (
    _rows(ENTRY), _COUNTS, _rows(TILE), _FLAGS, _COUNTS, _tuple(_COUNTS, *_IDS), _FLAGS, _INTS, _INTS,
    _one_row(ENTRY), _CHANGES,
)  # fmt: skip
UNDO_SIGNATURE = (
    _rows(ENTRY), _COUNTS, _rows(TILE), _FLAGS, _COUNTS, _COUNTS, _IDS[-1], _FLAGS, _INTS, _vector(types.boolean),
    _CHANGES,
)  # fmt: skip
REMEMBER_SIGNATURE = (_rows(ENTRY), _COUNTS, _COUNTS, *_IDS[2:], _INTS, _BYTES, _INTS, _FLOATS, _FLOATS, _OUT_FLOATS)
CUSTOMER_LABELS_SIGNATURE = (
    *_LABELS, *_FACTS[1:], _INTS, _HASHES, _INTS, _INTS, _INTS, _INTS, _INTS, _INTS, _DOUBLES, _X,
)  # fmt: skip
_ENTITY_IDS = tuple(types.Array(dtype, 2, "C") for dtype in (types.uint64, types.int32, types.int32))
_LONGS = _vector(types.int64, readonly=False)


_HEADS = _one_row(entity_pool.HEAD)
_ENTITY_ROWS = (
    _HEADS, _rows(entity_record.ENTRY), types.Array(types.uint64, 2, "C"), _rows(entity_record.TILE),
    _rows(entity_pool.SUMS), _one_row(entity_record.SEEN), types.Array(types.uint64, 2, "C"),
)  # fmt: skip
ENTITIES_SIGNATURE = (
    _tuple(*_ENTITY_ROWS), _tuple(_COUNTS, *_ENTITY_IDS), _tuple(*_FACTS), _INTS,
    _one_row(entity_record.EVENT, readonly=True), types.int64, types.boolean, _FLAGS, _X,
)  # fmt: skip
EVENTS_SIGNATURE = (
    _HASHES, _HASHES, _INTS, _INTS, _DOUBLES, _HASHES, _tuple(*[_HASHES] * len(ENTITIES)), _one_row(entity_record.EVENT)
)  # fmt: skip
_KEYS = types.Array(types.uint64, 1, "A", readonly=True)
FIND_SIGNATURE = (_COUNTS, types.int64, _KEYS, _KEYS, _LONGS)
ADD_SIGNATURE = (_COUNTS, types.int64, _KEYS, _INTS)
_ENTRY_WORDS = types.Array(types.uint64, 2, "C")
READ_RECORDS_SIGNATURE = (_HASHES, _INTS, types.uint64, _INTS, _HEADS, _ENTRY_WORDS, _FLAGS)
WRITE_RECORDS_SIGNATURE = (_INTS, types.uint64, _HEADS, _ENTRY_WORDS, _vector(types.uint64, readonly=False))


ENTITY_LABELS_SIGNATURE = (
    *_LABELS, *_FACTS, _one_row(ENTITY_LABEL, readonly=True), _INTS, _INTS,
    _one_row(entity_record.EVENT, readonly=True), _INTS, _DOUBLES, _X,
)  # fmt: skip


@compiles_once
def warm_up() -> None:
    """Compile all that the engine calls, or read it from the cache on disk; later calls do nothing.

    Takes some seconds on a machine's first run (`fraudstream bench features` measures it) and some tens of
    milliseconds from then on. Call it where waiting is harmless, as in an operator's open().
    """
    for function, signature in (
        (hashing.hash_strings, HASH_SIGNATURE),
        (kernel.advance, ADVANCE_SIGNATURE),
        (kernel.remember, REMEMBER_SIGNATURE),
        (kernel.restore, RESTORE_SIGNATURE),
        (undo_kernel.undo, UNDO_SIGNATURE),
        (label_kernel.advance_customers, CUSTOMER_LABELS_SIGNATURE),
        (label_kernel.advance_entities, ENTITY_LABELS_SIGNATURE),
        (entity_kernel.advance, ENTITIES_SIGNATURE),
        (hashing.write_pair_hashes, (_HASHES, _HASHES, _vector(types.uint64, readonly=False))),
        (event_kernel.write_events, EVENTS_SIGNATURE),
        (slot_index.find, FIND_SIGNATURE),
        (slot_index.add, ADD_SIGNATURE),
        (record_kernel.read_records, READ_RECORDS_SIGNATURE),
        (record_kernel.write_records, WRITE_RECORDS_SIGNATURE),
    ):
        function.compile(signature)
        function.disable_compile()

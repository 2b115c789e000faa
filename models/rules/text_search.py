"""Compiled search in sorted hashes."""

from numba import types

from models.features.compiled import compiled, compiles_once


@compiled
def search_texts(offsets, data, first, hashes, times_ms, filters, sorted_hashes, ends, texts, until_ms, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Find each of n texts among many that are sorted by hash, see `Lookup`.

    ``offsets`` and ``data`` are Arrow's of the column, whose number ``first`` is the first text; ``ends`` and ``texts``
    are the same of the many. A text that is null has the hash 0, which none of the many has.
    """
    for i in range(found.size):
        found[i] = False
        if not filters[hashes[i] & (filters.size - 1)]:
            continue
        low, high = 0, sorted_hashes.size
        while low < high:
            middle = (low + high) // 2
            if sorted_hashes[middle] < hashes[i]:
                low = middle + 1
            else:
                high = middle
        start, length = offsets[first + i], offsets[first + i + 1] - offsets[first + i]
        while low < sorted_hashes.size and sorted_hashes[low] == hashes[i] and not found[i]:
            if times_ms[i] < until_ms[low] and ends[low + 1] - ends[low] == length:
                same = True
                for byte in range(length):
                    same = same and data[start + byte] == texts[ends[low] + byte]
                found[i] = same
            low += 1


@compiles_once
def warm_up_search() -> None:
    """Compile for one signature, or read it from the cache on disk; later calls do nothing. See `warm_up`."""

    def vector(dtype: types.Type) -> types.Array:
        return types.Array(dtype, 1, "C", readonly=True)

    hashes, times, slots, data = (vector(dtype) for dtype in (types.uint64, types.int64, types.int32, types.uint8))
    found = types.Array(types.boolean, 1, "C")
    search_texts.compile(
        (slots, data, types.int64, hashes, times, vector(types.boolean), hashes, slots, data, times, found)
    )
    search_texts.disable_compile()

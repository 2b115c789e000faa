"""Loops of a `TextTable`, compiled."""

from numba import int64, types, uint64

from models.features.compiled import compiled, compiles_once


@compiled
def fill_slots(hashes, count, slots):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Assign to each of ``count`` entries the first free slot from that of its hash on; a free slot holds -1."""
    slots[:] = -1
    for entry in range(count):
        at = int64(hashes[entry] & uint64(slots.size - 1))
        while slots[at] >= 0:
            at = (at + 1) & (slots.size - 1)
        slots[at] = entry


@compiled
def put_texts(offsets, data, hashes, until_ms, slots, kept_hashes, ends, texts, kept_until_ms, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add n texts to a table, or change the end of those that it has; returns how many it has then.

    ``offsets``, ``data`` and ``hashes`` are those of the n; the others are the table's, with room for all of them.
    """
    for i in range(hashes.size):
        start, length = offsets[i], offsets[i + 1] - offsets[i]
        at = int64(hashes[i] & uint64(slots.size - 1))
        known = -1
        while slots[at] >= 0 and known < 0:
            entry = slots[at]
            if kept_hashes[entry] == hashes[i] and ends[entry + 1] - ends[entry] == length:
                same = True
                for byte in range(length):
                    same = same and data[start + byte] == texts[ends[entry] + byte]
                if same:
                    known = entry
            at = (at + 1) & (slots.size - 1)
        if known < 0:
            known = count
            slots[at] = count
            kept_hashes[count] = hashes[i]
            ends[count + 1] = ends[count] + length
            for byte in range(length):
                texts[ends[count] + byte] = data[start + byte]
            count += 1
        kept_until_ms[known] = until_ms[i]
    return count


@compiled
def find_texts(offsets, data, first, hashes, times_ms, slots, kept_hashes, ends, texts, until_ms, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Find each of n texts in a table at its time; a text that is null has the hash 0, which none of the table has.

    ``offsets`` and ``data`` are Arrow's of the column, whose number ``first`` is the first text.
    """
    for i in range(found.size):
        found[i] = False
        at = int64(hashes[i] & uint64(slots.size - 1))
        start, length = offsets[first + i], offsets[first + i + 1] - offsets[first + i]
        while slots[at] >= 0 and hashes[i] != 0:
            entry = slots[at]
            if kept_hashes[entry] == hashes[i] and ends[entry + 1] - ends[entry] == length:
                same = True
                for byte in range(length):
                    same = same and data[start + byte] == texts[ends[entry] + byte]
                if same:
                    found[i] = times_ms[i] < until_ms[entry]
                    break
            at = (at + 1) & (slots.size - 1)


@compiles_once
def warm_up_table() -> None:
    """Compile for one signature, or read it from the cache on disk; later calls do nothing. See `warm_up`."""

    def vector(dtype: types.Type, *, readonly: bool = False) -> types.Array:
        return types.Array(dtype, 1, "C", readonly=readonly)

    hashes, longs, offsets, data = (
        vector(dtype, readonly=True) for dtype in (types.uint64, types.int64, types.int32, types.uint8)
    )
    slots, kept_hashes, ends, texts, until = (
        vector(dtype) for dtype in (types.int32, types.uint64, types.int64, types.uint8, types.int64)
    )
    found = vector(types.boolean)
    fill_slots.compile((kept_hashes, types.int64, slots))
    put_texts.compile((offsets, data, hashes, longs, slots, kept_hashes, ends, texts, until, types.int64))
    find_texts.compile((offsets, data, types.int64, hashes, longs, slots, kept_hashes, ends, texts, until, found))
    for function in (fill_slots, put_texts, find_texts):
        function.disable_compile()

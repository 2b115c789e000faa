"""Undo of what `kernel.advance` did, compiled."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"
from models.features import customer_ids
from models.features.compiled import compiled_with
from models.features.customer_ids import COUNT, FIRST, UNSCORED, release_row

_TILES = 13  # a window, as in history.py


@compiled_with(customer_ids)
def undo(entries, counts, tiles, tiled, id_rows, free, spans, changed, windows_ms, chosen, changes):
    """Undo the changes of the chosen transactions, from the last one on."""
    heads, left, former = changes
    for i in range(heads.size - 1, -1, -1):
        head = heads[i]
        if not head.is_open or not chosen[i]:
            continue
        head.is_open = 0
        slot, index = head.slot, head.index
        row = entries[slot]
        counts[slot] = head.count
        changed[slot] = head.changed
        if head.count < row.size:
            for j in range(index, head.count):
                row[j] = row[j + 1]
            continue
        if index >= 0:
            for j in range(index, 0, -1):
                row[j] = row[j - 1]
            row[0] = left[i]
        tiled[slot] = head.tiled
        for window in range(windows_ms.size):
            number = head.tiled_ms // (windows_ms[window] // (_TILES - 1))
            tiles[slot, window * _TILES + number % _TILES] = former[i, window]
        if id_rows[slot] and id_rows[slot] != head.id_row:
            release_row(free, id_rows[slot])
        id_rows[slot] = head.id_row
        if head.id_row:
            spans[head.id_row, FIRST] = head.first_id
            spans[head.id_row, COUNT] = head.ids
            spans[head.id_row, UNSCORED] = head.unscored

"""Entries of `label_offsets`: generation * 2^40 + offset, the next label of a partition that is not yet known.

A topic that is deleted and created again starts at offset 0. The generation counts that, so each entry is greater than
all of the previous topic; an entry of an earlier generation means that no label of the present topic is known from
that partition.
"""

from typing import Any

from schemas.position import OFFSET_BITS, OFFSET_MASK


def label_entry(generation: Any, offset: Any) -> Any:
    """Return the entry of an offset, or an array of them."""
    return generation << OFFSET_BITS | offset


def split_entry(entry: Any) -> tuple[Any, Any]:
    """Return the generation and the offset of an entry, or of an array of them."""
    return entry >> OFFSET_BITS, entry & OFFSET_MASK


def label_offset_text(entry: int) -> str:
    """Return an entry as text: its offset, and its topic's generation where that is not the first."""
    generation, offset = split_entry(entry)
    return f"{offset} (topic created again, {generation})" if generation else str(offset)

"""Entries of `label_offsets`: an offset, and above it how often the labels topic was created again.

A topic that is deleted and created again begins at offset 0. Its entries are generation * 2^40 + offset, so that each
is greater than all of the topic before it: an entry of an earlier generation says that no label of the present topic
is known from that partition.
"""

from typing import Final

GENERATION_SHIFT: Final = 40
OFFSET_MASK: Final = (1 << GENERATION_SHIFT) - 1


def label_offset_text(entry: int) -> str:
    """Word an entry for people: its offset, and its topic's generation where that is not the first."""
    generation, offset = entry >> GENERATION_SHIFT, entry & OFFSET_MASK
    return f"{offset} (topic created again, {generation})" if generation else str(offset)

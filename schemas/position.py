"""Position of a Kafka record as one 64-bit integer: generation * 2^56 + partition * 2^40 + offset.

The generation counts how often the topic was deleted and created again under the state, see `JobConfig.generations`.
All functions take one position or an array of them.
"""

from typing import Any, Final

OFFSET_BITS: Final = 40
PARTITION_BITS: Final = 16
GENERATION_SHIFT: Final = OFFSET_BITS + PARTITION_BITS
OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1
PARTITION_MASK: Final = (1 << PARTITION_BITS) - 1


def position(partition: Any, offset: Any, generation: Any = 0) -> Any:
    """Return the position of an offset in a partition."""
    return generation << GENERATION_SHIFT | partition << OFFSET_BITS | offset


def partition_of(positions: Any) -> Any:
    """Return the partition."""
    return positions >> OFFSET_BITS & PARTITION_MASK


def offset_of(positions: Any) -> Any:
    """Return the offset."""
    return positions & OFFSET_MASK


def generation_of(positions: Any) -> Any:
    """Return the generation of the topic."""
    return positions >> GENERATION_SHIFT

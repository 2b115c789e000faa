"""Labels known at given offsets of the labels topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.baselines.naive_labels import KnownLabel, NaiveLabels

Offsets = Sequence[int]
"""Of each partition of the labels topic, the offset of the next label that was not yet known."""


@dataclass(frozen=True, kw_only=True)
class PlacedLabel:
    """A label, and its position in the labels topic."""

    label: KnownLabel
    partition: int
    offset: int

    def known_at(self, offsets: Offsets) -> bool:
        """Return whether the label lies before these offsets."""
        return self.partition < len(offsets) and self.offset < offsets[self.partition]


@dataclass
class _Kept:
    taken: set[int] = field(default_factory=set)
    labels: NaiveLabels = field(default_factory=NaiveLabels)


class LabelHistory:
    """Known labels of merchants, or of customers, at any offsets of the labels topic.

    What is known at some offsets does not depend on the order in which it was learned, so the state of the last
    call is extended where it can be, and built again where a failure took the offsets back.
    """

    def __init__(self) -> None:
        self._placed: dict[str, list[PlacedLabel]] = defaultdict(list)
        self._kept: dict[str, _Kept] = {}

    def add(self, name: str, labels: Iterable[PlacedLabel]) -> None:
        """Add labels of one merchant or customer."""
        self._placed[name].extend(labels)

    def known(self, name: str, offsets: Offsets) -> NaiveLabels:
        """Return what was known of a merchant or customer; good until the next call for it."""
        placed = self._placed.get(name, [])
        wanted = {number for number, item in enumerate(placed) if item.known_at(offsets)}
        kept = self._kept.get(name)
        if kept is None or not kept.taken <= wanted:
            kept = self._kept[name] = _Kept()
        for number in sorted(wanted - kept.taken):
            kept.labels.ingest(placed[number].label)
        kept.taken = wanted
        return kept.labels

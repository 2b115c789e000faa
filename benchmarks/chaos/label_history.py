"""Labels known at given offsets of the labels topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.baselines.naive_labels import KnownLabel, NaiveLabels

Offsets = Sequence[int]
"""Offset of the first unknown label, per partition of the labels topic."""


@dataclass(frozen=True, kw_only=True)
class PositionedLabel:
    """Label with its position in the labels topic."""

    label: KnownLabel
    partition: int
    offset: int

    def known_at(self, offsets: Offsets) -> bool:
        """Return whether the label is before these offsets."""
        return self.partition < len(offsets) and self.offset < offsets[self.partition]


@dataclass
class _Kept:
    numbers: set[int] = field(default_factory=set)
    labels: NaiveLabels = field(default_factory=NaiveLabels)


class LabelHistory:
    """Known labels of merchants, or of customers, at any offsets of the labels topic.

    The known labels at given offsets do not depend on the sequence of reading, so the state of the last call is
    extended if possible, and rebuilt where a failure reset the offsets.
    """

    def __init__(self) -> None:
        self._positioned: dict[str, list[PositionedLabel]] = defaultdict(list)
        self._kept: dict[str, _Kept] = {}

    def add(self, name: str, labels: Iterable[PositionedLabel]) -> None:
        """Add labels of one merchant or customer."""
        self._positioned[name].extend(labels)

    def known(self, name: str, offsets: Offsets) -> NaiveLabels:
        """Return the known labels of a merchant or customer; valid until the next call for it."""
        positioned = self._positioned.get(name, [])
        known = {number for number, item in enumerate(positioned) if item.known_at(offsets)}
        kept = self._kept.get(name)
        if kept is None or not kept.numbers <= known:
            kept = self._kept[name] = _Kept()
        for number in sorted(known - kept.numbers):
            kept.labels.ingest(positioned[number].label)
        kept.numbers = known
        return kept.labels

"""Scores of the detectors on one stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.drift.compared_detectors import ADWIN_BY_MEAN, COMPARED
from benchmarks.drift.scenarios import DRIFTS, QUIET
from benchmarks.drift.streams import Stream
from models.drift.observation import OBSERVATION_SIZE
from models.drift.signals import ERROR

HORIZON_H = 14 * 24
"""Hours until an error is known: the default of `fraudstream monitor`."""


@dataclass(kw_only=True)
class Card:
    """Counts of one detector over all streams; signals are added up, each has a detector of its own.

    Attributes
    ----------
    alarms, events : dict of str to int
        Alarms and events by scenario without drift.
    delays : dict of str to list of (int, float)
        Events, and hours of event time, until the first alarm: a pair per stream, by scenario with drift.
    first : dict of str to list of str
        Signals that fired first.
    misses : dict of str to int
        Streams whose drift was not detected.
    """

    alarms: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUIET, 0))
    events: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUIET, 0))
    delays: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: {name: [] for name in DRIFTS})
    first: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in DRIFTS})
    misses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DRIFTS, 0))

    def rate(self, scenario: str) -> float:
        """Return the false alarms per million events."""
        return 1e6 * self.alarms[scenario] / max(1, self.events[scenario])

    @property
    def missed(self) -> int:
        """Drifts of any kind that were not detected."""
        return sum(self.misses.values())


def score_quiet(cards: Mapping[str, Card], scenario: str, stream: Stream, by_mean: Stream) -> None:
    """Count the alarms in a stream without drift."""
    for name, card in cards.items():
        observed = by_mean if name == ADWIN_BY_MEAN else stream
        card.alarms[scenario] += sum(len(COMPARED[name](observations)) for observations in observed.values())
        card.events[scenario] += OBSERVATION_SIZE * len(next(iter(observed.values())))


def score_drift(cards: Mapping[str, Card], scenario: str, stream: Stream, by_mean: Stream, drift_ms: int) -> None:
    """Find each detector's first alarm after the drift; those before it are the false ones of the same world."""
    for name, card in cards.items():
        observed = by_mean if name == ADWIN_BY_MEAN else stream
        found = sorted(
            (item.event_time_ms / 3.6e6 - drift_ms / 3.6e6 + (HORIZON_H if signal == ERROR else 0), signal, index)
            for signal, observations in observed.items()
            for index in COMPARED[name](observations)
            if (item := observations[index]).event_time_ms >= drift_ms
        )
        if not found:
            card.misses[scenario] += 1
            continue
        hours, signal, index = found[0]
        start = next(n for n, item in enumerate(observed[signal]) if item.event_time_ms >= drift_ms)
        card.delays[scenario].append((OBSERVATION_SIZE * (index - start + 1), hours))
        card.first[scenario].append(signal)

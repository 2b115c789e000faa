from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.drift.judges import ADWIN_BY_MEAN, JUDGES
from benchmarks.drift.scenarios import DRIFTS, QUIET
from benchmarks.drift.streams import Stream
from models.drift.observation import OBSERVATION_SIZE
from models.drift.signals import ERROR

HORIZON_H = 14 * 24
"""An error is known so much later: the default of `fraudstream monitor`."""


@dataclass(kw_only=True)
class Card:
    """What one detector made of all streams; the signals together, each with a detector of its own.

    Attributes
    ----------
    alarms, events : dict of str to int
        By the scenario without drift: how often it fired, over how many events.
    delays : dict of str to list of (int, float)
        By the scenario with drift, of each stream: events, and hours of event time, until the first alarm.
    first : dict of str to list of str
        The signal that fired first.
    misses : dict of str to int
        Streams whose drift was not seen.
    """

    alarms: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUIET, 0))
    events: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUIET, 0))
    delays: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: {name: [] for name in DRIFTS})
    first: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in DRIFTS})
    misses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DRIFTS, 0))

    def rate(self, scenario: str) -> float:
        """Return the false alarms in a million events."""
        return 1e6 * self.alarms[scenario] / max(1, self.events[scenario])

    @property
    def missed(self) -> int:
        """Drifts of any kind that were not seen."""
        return sum(self.misses.values())


def judge_quiet(cards: Mapping[str, Card], scenario: str, stream: Stream, by_mean: Stream) -> None:
    """Count the alarms in a stream without drift."""
    for name, card in cards.items():
        seen = by_mean if name == ADWIN_BY_MEAN else stream
        card.alarms[scenario] += sum(len(JUDGES[name](observations)) for observations in seen.values())
        card.events[scenario] += OBSERVATION_SIZE * len(next(iter(seen.values())))


def judge_drift(cards: Mapping[str, Card], scenario: str, stream: Stream, by_mean: Stream, drift_ms: int) -> None:
    """Find each detector's first alarm after the drift; those before it are the false ones of the same world."""
    for name, card in cards.items():
        seen = by_mean if name == ADWIN_BY_MEAN else stream
        found = sorted(
            (item.event_time_ms / 3.6e6 - drift_ms / 3.6e6 + (HORIZON_H if signal == ERROR else 0), signal, place)
            for signal, observations in seen.items()
            for place in JUDGES[name](observations)
            if (item := observations[place]).event_time_ms >= drift_ms
        )
        if not found:
            card.misses[scenario] += 1
            continue
        hours, signal, place = found[0]
        start = next(n for n, item in enumerate(seen[signal]) if item.event_time_ms >= drift_ms)
        card.delays[scenario].append((OBSERVATION_SIZE * (place - start + 1), hours))
        card.first[scenario].append(signal)

"""Declared features, computed the obvious way: what the kernel is tested against."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.baselines.naive_entities import sketch
from models.declared.aggregate_record import KNOWN_VALUES, RECENT
from models.features.entities.entity_record import MAX_LEFT_IDS, REGISTERS
from models.features.window import HORIZON_MS
from schemas.declaration.declared_feature import DeclaredFeature
from schemas.declaration.verb import Verb
from schemas.durations import HOUR_MS, MINUTE_MS

TILES = 12
DUPLICATE_MINUTES = 7 * 24 * 60

_OF_NUMBERS = {Verb.SUM, Verb.MEAN, Verb.DEVIATION, Verb.MIN, Verb.MAX, Verb.RATE}

Holds = Callable[[str, Mapping[str, Any]], bool]
"""Whether a condition holds for a transaction."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One transaction: its columns as plain values, None where there is none, and hashes of the values by column."""

    transaction: int
    time_ms: int
    columns: Mapping[str, Any]
    hashes: Mapping[str, int]


@dataclass
class Entity:
    """An entity: its newest events by event time, and all that left them, in that order."""

    kept: list[Event] = field(default_factory=list)
    left: list[Event] = field(default_factory=list)
    first_ms: int = 0

    def forget_if_silent(self, now_ms: int) -> None:
        """Forget everything when nothing is within the horizon."""
        if self.kept and self.kept[-1].time_ms < now_ms - HORIZON_MS:
            self.kept, self.left = [], []

    def is_duplicate(self, event: Event) -> bool:
        """Return whether an event's transaction is known here."""
        newest_ms = max([event.time_ms, *(other.time_ms for other in self.kept)])
        oldest = newest_ms // MINUTE_MS - DUPLICATE_MINUTES
        recent = [other for other in self.left[-MAX_LEFT_IDS:] if other.time_ms // MINUTE_MS >= oldest]
        return any(other.transaction == event.transaction for other in (*self.kept, *recent))

    def ingest(self, event: Event) -> None:
        """Add an event that is no duplicate."""
        self.first_ms = min(self.first_ms, event.time_ms) if self.kept else event.time_ms
        self.kept = sorted([*self.kept, event], key=lambda other: other.time_ms)
        if len(self.kept) > RECENT:
            self.left.append(self.kept.pop(0))


@dataclass(frozen=True, kw_only=True)
class View:
    """One feature of an event of an entity, before the event is added."""

    feature: DeclaredFeature
    entity: Entity
    event: Event
    holds: Holds

    @property
    def now_ms(self) -> int:
        """Return the event time of the event."""
        return self.event.time_ms

    @property
    def begin_ms(self) -> int:
        """Return where the window begins."""
        return self.now_ms - self.feature.window_ms

    @property
    def kept(self) -> list[Event]:
        """Kept events of the window, whether they are seen or not."""
        return [event for event in self.entity.kept if self.begin_ms <= event.time_ms < self.now_ms]

    @property
    def reaches_beyond(self) -> bool:
        """Whether all that is kept before the event lies in the window, so that what left counts too."""
        return all(self.begin_ms <= event.time_ms for event in self.entity.kept if event.time_ms < self.now_ms)

    def sees(self, event: Event) -> bool:
        """Return whether an event is one of those that the feature is about."""
        where, column = self.feature.where, self.feature.column
        has_value = column is None or event.columns[column] is not None
        return has_value and (where is None or self.holds(where, event.columns))

    def seen(self) -> list[Event]:
        """Return the kept events of the window that the feature is about, oldest first."""
        return [event for event in self.kept if self.sees(event)]

    def tiles(self, events: Sequence[Event]) -> list[list[Event]]:
        """Return events that left, by those tiles that overlap the window, oldest first.

        A tile keeps its place until a newer one needs it.
        """
        if not self.reaches_beyond:
            return []
        tile_ms = self.feature.window_ms // TILES
        held: dict[int, tuple[int, list[Event]]] = {}
        for event in events:
            number = event.time_ms // tile_ms
            current = held.get(number % (TILES + 1), (-1, []))
            if current[0] < number:
                held[number % (TILES + 1)] = current = (number, [])
            if current[0] == number:
                current[1].append(event)
        return [
            of_tile
            for number, of_tile in sorted(held.values(), key=lambda tile: tile[0])
            if number * tile_ms < self.now_ms and (number + 1) * tile_ms > self.begin_ms
        ]

    def numbers(self, events: Sequence[Event]) -> list[float]:
        """Return the numbers of events; 0 where the feature is about the events themselves."""
        column = self.feature.column
        if column is None or self.feature.verb not in _OF_NUMBERS:
            return [0.0] * len(events)
        return [float(event.columns[column]) for event in events]

    def left_tiles(self) -> list[list[float]]:
        """Return the numbers of the tiles of those that left, oldest first."""
        return [self.numbers(tile) for tile in self.tiles([event for event in self.entity.left if self.sees(event)])]

    def kept_numbers(self) -> list[float]:
        """Return the kept numbers, newest first."""
        return self.numbers(self.seen())[::-1]

    def count(self) -> int:
        """Return the number of events."""
        return sum(map(len, self.left_tiles())) + len(self.kept_numbers())

    def total(self) -> float:
        """Return the sum: of each tile, of the tiles, of what is kept, and of the two."""
        older = 0.0
        for tile in self.left_tiles():
            older += added(tile)
        return older + added(self.kept_numbers())

    def squares(self) -> float:
        """Return the sum of squared distances from the mean, of tiles one after the other, then of what is kept."""
        count, total, around = 0, 0.0, 0.0
        for tile in self.left_tiles():
            around = together(count, total, around, len(tile), added(tile), tile_squares(tile))
            count, total = count + len(tile), total + added(tile)
        kept = self.kept_numbers()
        if not kept:
            return around
        apart = added([number - kept[0] for number in kept])
        squares = added([(number - kept[0]) * (number - kept[0]) for number in kept])
        kept_around = max(0.0, squares - apart * apart / len(kept))
        return together(count, total, around, len(kept), added(kept), kept_around) if count else kept_around

    def value(self) -> float:  # noqa: C901, PLR0911, PLR0912  (one line a verb)
        """Return the feature; NaN where it is missing."""
        every = [*self.kept_numbers(), *(number for tile in self.left_tiles() for number in tile)]
        match self.feature.verb:
            case Verb.COUNT:
                return float(self.count())
            case Verb.SUM:
                return self.total()
            case Verb.MEAN if every:
                return self.total() / self.count()
            case Verb.DEVIATION if every:
                return math.sqrt(self.squares() / self.count())
            case Verb.MIN if every:
                return min(every)
            case Verb.MAX if every:
                return max(every)
            case Verb.SHARE if every:
                return self.share() / self.count()
            case Verb.RATE:
                return self.rate()
            case Verb.COUNT_DISTINCT:
                return self.distinct()
            case Verb.SEEN_BEFORE:
                return self.seen_before()
            case Verb.LAST if event := self.newest():
                return float(event.columns[str(self.feature.column)])
            case Verb.SINCE_LAST if event := self.newest():
                return (self.now_ms - event.time_ms) / 1000
            case _:
                return math.nan

    def share(self) -> float:
        """Return the number of events for which the share's condition holds, too."""
        share = str(self.feature.share)
        left = [event for event in self.entity.left if self.sees(event) and self.holds(share, event.columns)]
        kept = [event for event in self.seen() if self.holds(share, event.columns)]
        return float(sum(map(len, self.tiles(left))) + len(kept))

    def rate(self) -> float:
        """Return the events, or the sum, per hour since the entity's first event, at most per hour of the window."""
        if not self.entity.kept or self.entity.first_ms > self.now_ms:
            return math.nan
        age_ms = max(self.now_ms - self.entity.first_ms, MINUTE_MS)
        of = float(self.count()) if self.feature.column is None else self.total()
        return of / (min(self.feature.window_ms, age_ms) / HOUR_MS)

    def own_hash(self, event: Event) -> int:
        """Return the hash of an event's value of the feature's column."""
        return event.hashes[str(self.feature.column)]

    def known(self) -> tuple[dict[int, int], int]:
        """Return when each value of those that left was last seen, as far as that is kept, and the latest given up."""
        known, evicted_ms = dict[int, int](), -(1 << 62)
        for event in filter(self.sees, self.entity.left):
            value = self.own_hash(event)
            known[value] = max(event.time_ms, known.get(value, event.time_ms))
            if len(known) > KNOWN_VALUES:
                first = min(known, key=lambda value: (known[value], value))
                evicted_ms = max(evicted_ms, known.pop(first))
        return known, evicted_ms

    def distinct(self) -> float:
        """Return the number of different values."""
        kept = {self.own_hash(event) for event in self.seen()}
        if not self.reaches_beyond:
            return float(len(kept))
        known, evicted_ms = self.known()
        if evicted_ms < self.begin_ms:
            return float(len(kept | {value for value, ms in known.items() if self.begin_ms <= ms < self.now_ms}))
        tiles = self.tiles([event for event in self.entity.left if self.sees(event)])
        older = {self.own_hash(event) for tile in tiles for event in tile}
        return max(float(len(kept)), estimate(sketch(kept | older)))

    def seen_before(self) -> float:
        """Return whether the event's value was seen in the window."""
        if self.event.columns[str(self.feature.column)] is None:
            return math.nan
        own = self.own_hash(self.event)
        if any(self.own_hash(event) == own for event in self.seen()):
            return 1.0
        if not self.reaches_beyond:
            return 0.0
        last_ms = self.known()[0].get(own)
        return float(last_ms is not None and self.begin_ms <= last_ms < self.now_ms)

    def newest(self) -> Event | None:
        """Return the newest event in the window."""
        if seen := self.seen():
            return seen[-1]
        left = [event for event in self.entity.left if self.sees(event)]
        newest = max(enumerate(left), key=lambda item: (item[1].time_ms, item[0]), default=None)
        return newest[1] if newest and self.begin_ms <= newest[1].time_ms < self.now_ms else None


def added(numbers: Sequence[float]) -> float:
    """Return the sum of numbers, one after the other."""
    total = 0.0
    for number in numbers:
        total += number
    return total


def tile_squares(numbers: Sequence[float]) -> float:
    """Return the sum of squared distances from the mean (Welford 1962)."""
    count, total, squares = 0, 0.0, 0.0
    for number in numbers:
        mean = total / count if count else 0.0
        count, total = count + 1, total + number
        squares += (number - mean) * (number - total / count)
    return squares


def together(count: int, total: float, squares: float, others: int, other_total: float, other_squares: float) -> float:
    """Return the sum of squared distances from the mean of two groups (Chan, Golub and LeVeque 1979)."""
    if not count:
        return other_squares
    apart = other_total / others - total / count
    return squares + other_squares + apart * apart * (count * others / (count + others))


def estimate(registers: list[int]) -> float:
    """Return the number of different values in a sketch (Flajolet et al. 2007), with exact sums."""
    found = 0.709 * REGISTERS * REGISTERS * 2.0**57 / float(1 + sum(2**57 >> register for register in registers))
    empty = registers.count(0)
    return REGISTERS * math.log(REGISTERS / empty) if empty and found <= 2.5 * REGISTERS else found


class NaiveDeclared:
    """Declared features of single transactions.

    Parameters
    ----------
    features : sequence of DeclaredFeature
    holds : callable
        Evaluates conditions.
    """

    def __init__(self, features: Sequence[DeclaredFeature], holds: Holds) -> None:
        self._features, self._holds = features, holds
        self._entities: dict[tuple[str, str], Entity] = {}

    def advance(self, event: Event, keys: Mapping[str, str | None]) -> dict[str, float]:
        """Return the features of a transaction, given its entities, and add it to them."""
        found = {feature.name: math.nan for feature in self._features}
        for name in dict.fromkeys(feature.entity for feature in self._features if not feature.parts):
            key = keys[name]
            if key is None:
                continue
            entity = self._entities.setdefault((name, key), Entity())
            entity.forget_if_silent(event.time_ms)
            for feature in self._features:
                if feature.entity == name and not feature.parts:
                    view = View(feature=feature, entity=entity, event=event, holds=self._holds)
                    found[feature.name] = view.value()
            if not entity.is_duplicate(event):
                entity.ingest(event)
        return found

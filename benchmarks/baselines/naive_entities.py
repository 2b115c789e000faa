"""Live features of entities, computed the obvious way: what the kernel is tested against."""

import math
import statistics
from dataclasses import dataclass, field

from models.features.entities.entity_record import BLOOM_ADDS, MAX_LEFT_IDS, RECENT, REGISTERS
from models.features.window import HORIZON_MS, TILES, WINDOWS, Window
from schemas.durations import HOUR_MS

DUPLICATE_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, kw_only=True)
class EntityEvent:
    """One transaction as its entity sees it, as plain Python values; customer and transaction are 64-bit hashes."""

    customer: int
    transaction: int
    event_time_ms: int
    amount: float
    is_new: bool = False


def sketch(customers: set[int]) -> list[int]:
    """Return the HyperLogLog registers of some customers."""
    registers = [0] * REGISTERS
    for customer in customers:
        index, rest = customer >> 58, customer << 6 & (1 << 64) - 1
        rank = min(59, 65 - rest.bit_length())
        registers[index] = max(registers[index], rank)
    return registers


def estimate(registers: list[int]) -> float:
    """Return the number of different customers in a sketch (Flajolet et al. 2007)."""
    found = 0.709 * REGISTERS**2 / sum(2.0**-register for register in registers)
    empty = registers.count(0)
    return REGISTERS * math.log(REGISTERS / empty) if empty and found <= 2.5 * REGISTERS else found


def bits(customer: int) -> set[int]:
    """Return the bits of a customer in a generation of the Bloom filter."""
    return {customer >> shift & 2_047 for shift in (0, 11, 22)}


@dataclass
class NaiveEntity:
    """An entity: its newest events by event time, and all that left them, in that order."""

    kept: list[EntityEvent] = field(default_factory=list)
    left: list[EntityEvent] = field(default_factory=list)
    first_ms: int = 0
    filled: set[int] = field(default_factory=set)
    older: set[int] = field(default_factory=set)
    adds: int = 0

    def forget_if_silent(self, now_ms: int) -> None:
        """Forget everything when nothing is within the horizon."""
        if self.kept and self.kept[-1].event_time_ms < now_ms - HORIZON_MS:
            self.__dict__.update(NaiveEntity().__dict__)

    def is_new(self, customer: int) -> bool:
        """Return whether a customer is not known here."""
        own = bits(customer)
        return not (any(e.customer == customer for e in self.kept) or own <= self.filled or own <= self.older)

    def is_duplicate(self, event: EntityEvent) -> bool:
        """Return whether an event's transaction is known here."""
        if any(kept.transaction == event.transaction for kept in self.kept):
            return True
        newest_ms = max([event.event_time_ms, *(kept.event_time_ms for kept in self.kept)])
        oldest = newest_ms // 60_000 - DUPLICATE_MINUTES
        return any(
            e.transaction == event.transaction and e.event_time_ms // 60_000 >= oldest
            for e in self.left[-MAX_LEFT_IDS:]
        )

    def ingest(self, event: EntityEvent) -> None:
        """Add an event that is no duplicate."""
        self.first_ms = min(self.first_ms, event.event_time_ms) if self.kept else event.event_time_ms
        self.kept = sorted([*self.kept, event], key=lambda e: e.event_time_ms)
        if len(self.kept) > RECENT:
            leaving = self.kept.pop(0)
            self.left.append(leaving)
            own = bits(leaving.customer)
            if not own <= self.filled:
                if self.adds == BLOOM_ADDS:
                    self.older, self.filled, self.adds = self.filled, set(), 0
                self.filled |= own
                self.adds += 1

    def tiles(self, window: Window) -> dict[int, list[EntityEvent]]:
        """Return the events that left, by tile of a window: a tile keeps its place until a newer one needs it."""
        held: dict[int, tuple[int, list[EntityEvent]]] = {}
        for event in self.left:
            number = event.event_time_ms // window.tile_ms
            place = number % (TILES + 1)
            current = held.get(place)
            if current and current[0] > number:
                continue
            if not current or current[0] < number:
                held[place] = (number, [])
            held[place][1].append(event)
        return dict(held.values())

    def overlapping(self, window: Window, now_ms: int) -> list[list[EntityEvent]]:
        """Return the tiles that count in a window: whole ones that overlap it."""
        return [
            events
            for number, events in self.tiles(window).items()
            if number * window.tile_ms < now_ms and (number + 1) * window.tile_ms > now_ms - window.length_ms
        ]


@dataclass(frozen=True)
class EntityFacts:
    """Facts about an event, before it is added."""

    entity: NaiveEntity
    event: EntityEvent

    def earlier(self) -> list[EntityEvent]:
        """Return the kept events before this one in event time."""
        return [e for e in self.entity.kept if e.event_time_ms < self.event.event_time_ms]

    def windowed(self, window: Window) -> dict[str, float]:
        """Return the facts of a window."""
        now_ms, earlier = self.event.event_time_ms, self.earlier()
        kept = [e for e in earlier if e.event_time_ms >= now_ms - window.length_ms]
        tiles = self.entity.overlapping(window, now_ms) if len(kept) == len(earlier) else []
        every = kept + [e for tile in tiles for e in tile]
        amounts = [e.amount for e in every]
        customers = float(len({e.customer for e in kept}))
        if tiles:
            # Customers of the kept events within the window and of whole tiles.
            customers = max(customers, estimate(sketch({e.customer for e in every})))
        facts = {
            "entity_count": float(len(every)),
            "entity_sum": math.fsum(amounts),
            "entity_customers": customers,
        }
        if every:
            mean, deviation = statistics.fmean(amounts), statistics.pstdev(amounts)
            facts |= {
                "entity_mean": mean,
                "entity_deviation": deviation,
                "entity_maximum": max(0.0, *amounts) if len(amounts) > 1 else max(0.0, amounts[0]),
                "entity_new_share": sum(e.is_new for e in every) / len(every),
                "entity_z_score": (self.event.amount - mean) / (deviation + 1),
                "entity_to_mean": (self.event.amount + 1) / (mean + 1),
            }
        return facts

    def others(self) -> dict[str, float]:
        """Return the facts without a window."""
        now_ms, earlier = self.event.event_time_ms, self.earlier()
        facts = {
            "entity_is_new_customer": float(self.entity.is_new(self.event.customer)),
            "entity_similar_known": float(sum(not e.is_new for e in self._similar())),
            "entity_similar_new": float(sum(e.is_new for e in self._similar())),
        }
        if self.entity.kept and self.entity.first_ms <= now_ms:
            facts["entity_age"] = (now_ms - self.entity.first_ms) / 1000
        if earlier:
            facts["entity_since_last"] = (now_ms - earlier[-1].event_time_ms) / 1000
        return facts

    def _similar(self) -> list[EntityEvent]:
        """Return the kept events of the last hour whose amounts are within a quarter of each other's."""
        begin_ms, amount = self.event.event_time_ms - HOUR_MS, self.event.amount
        hour = [e for e in self.earlier() if e.event_time_ms >= begin_ms]
        return [e for e in hour if max(e.amount, amount) <= 1.25 * min(e.amount, amount)]

    def all(self) -> dict[tuple[str, str | None], float]:
        """Return every fact that exists, by operation and window."""
        found: dict[tuple[str, str | None], float] = {(name, None): value for name, value in self.others().items()}
        for window in WINDOWS:
            found |= {(name, window.name): value for name, value in self.windowed(window).items()}
        return found

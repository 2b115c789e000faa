"""Reference implementation of the features in plain Python."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from benchmarks.baselines.naive_labels import KnownLabel, LabelFacts, NaiveLabels, is_of_labels
from models.features.hashing import hash_column
from models.features.history import DUPLICATE_MS, MAX_IDS, TILES_A_WINDOW, K
from models.features.operation import Operation as Op
from models.features.table import CUSTOMER_FEATURES, FEATURES, Feature
from models.features.window import HORIZON_MS, Window
from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS


@dataclass(frozen=True, kw_only=True)
class Event:
    """One transaction, as plain Python values."""

    transaction_id: str
    customer_id: str
    merchant_id: str
    event_time_ms: int
    amount: float  # major units, a float32's value
    device_id: str | None = None
    location: tuple[float, float] | None = None  # latitude, longitude, float32 values in degrees
    category_risk: float = 0.0
    type_risk: float = 0.0
    minor_units: float = 100.0  # of the currency's major unit


@dataclass
class NaiveHistory:
    """A customer's transactions: the K newest, and those that left them.

    The first two oldest first; of equal times in the order of arrival. Those that left and are young enough to be
    recognised in the order in which they left.
    """

    kept: list[Event] = field(default_factory=list)
    left: list[Event] = field(default_factory=list)
    recognised: list[Event] = field(default_factory=list)

    def ingest(self, event: Event) -> None:
        """Keep an event unless its transaction_id is known; what does not fit leaves."""
        recent = self._recent(self.recognised)
        if any(other.transaction_id == event.transaction_id for other in self.kept + recent):
            return
        self.kept = sorted([*self.kept, event], key=_time)
        leaving, self.kept = self.kept[:-K], self.kept[-K:]
        self.left += leaving
        self.recognised += self._recent(leaving)
        self.recognised = self.recognised[-MAX_IDS:]

    def _recent(self, events: list[Event]) -> list[Event]:
        newest_ms = max((other.event_time_ms for other in self.kept), default=0)
        oldest_minute = newest_ms // MINUTE_MS - DUPLICATE_MS // MINUTE_MS
        return [event for event in events if event.event_time_ms // MINUTE_MS >= oldest_minute]

    def earlier(self, event: Event, window: Window | None) -> list[Event]:
        """Return the kept transactions that an event sees in a window, or in all."""
        length_ms = min(window.length_ms if window else HORIZON_MS, HORIZON_MS)
        return [e for e in self.kept if event.event_time_ms - length_ms <= e.event_time_ms < event.event_time_ms]

    def tiled(self, event: Event, window: Window) -> list[Event]:
        """Return those of the left ones that count in a window: all of each tile that overlaps it.

        None when the window ends within what is kept. A tile is forgotten once a later one needs its slot.
        """
        begin_ms = event.event_time_ms - window.length_ms
        if any(e.event_time_ms < min(begin_ms, event.event_time_ms) for e in self.kept):
            return []
        numbers = {e.event_time_ms // window.tile_ms for e in self.left}
        held = {n for n in numbers if not any(m > n and m % TILES_A_WINDOW == n % TILES_A_WINDOW for m in numbers)}
        overlapping = {
            n for n in held if n * window.tile_ms < event.event_time_ms and (n + 1) * window.tile_ms > begin_ms
        }
        return [e for e in self.left if e.event_time_ms // window.tile_ms in overlapping]


OF_HISTORY = tuple(f for f in FEATURES if is_of_labels(f) or (f.entity is None and f.operation is not Op.TO_JOINT_MEAN))
"""Features of a customer's history and of labels: all but those of entities' events."""


class NaiveEngine:
    """The features as they are defined, with no thought for speed: the kernels are proved against them.

    It shares the table with the kernels and no arithmetic. Scores play no part. Entities are computed by `NaiveEntity`.

    Parameters
    ----------
    features : sequence of Feature
        Features of OF_HISTORY to compute.
    """

    def __init__(self, features: Sequence[Feature] = CUSTOMER_FEATURES) -> None:
        self._features = features
        self.histories: dict[str, NaiveHistory] = defaultdict(NaiveHistory)
        self.labels: dict[tuple[str, str | None], NaiveLabels] = defaultdict(NaiveLabels)

    def learn(self, label: KnownLabel) -> None:
        """Add a label of a transaction, whether that is known or not."""
        self.labels["customer", label.customer_id].ingest(label)
        self.labels["merchant", label.merchant_id].ingest(label)
        if label.device_id is not None:
            self.labels["device", label.device_id].ingest(label)

    def advance(self, event: Event) -> list[float]:
        """Return the event's features, by the features of the engine, and add it to its customer's history."""
        history, customer = self.histories[event.customer_id], self.labels["customer", event.customer_id]
        facts = {
            name: LabelFacts(event.event_time_ms, event.amount, self.labels[name, value], customer, event.minor_units)
            for name, value in (("merchant", event.merchant_id), ("device", event.device_id))
        }
        x = [
            facts[f.entity or "merchant"].value_of(f) if is_of_labels(f) else value_of(f, event, history)
            for f in self._features
        ]
        history.ingest(event)
        return x


def value_of(feature: Feature, event: Event, history: NaiveHistory) -> float:
    """Return one feature of an event whose customer has this history."""
    earlier = history.earlier(event, feature.window)
    if feature.operation in _BY_TILES and feature.window:
        earlier = history.tiled(event, feature.window) + earlier
    if feature.operation is Op.DEVICES and feature.window:
        return float(_devices(earlier, history.tiled(event, feature.window)))
    value = _compute(feature.operation, event, earlier)
    return feature.missing if value is None else float(value)


def _time(event: Event) -> int:
    return event.event_time_ms


def _compute(operation: Op, event: Event, earlier: list[Event]) -> float | None:
    if operation in _ALWAYS:
        return _ALWAYS[operation](event, earlier)
    if operation is Op.NEW_DEVICE:
        return all(e.device_id != event.device_id for e in earlier) if event.device_id is not None else None
    if operation in _TRAVEL:
        located = [e for e in earlier if e.location is not None]
        return _TRAVEL[operation](event, located) if located and event.location is not None else None
    if operation is Op.SINCE_DEVICE:
        same = [e for e in earlier if e.device_id == event.device_id]
        return _seconds(event, same[-1]) if same and event.device_id is not None else None
    if operation is Op.TO_SAME_MEAN:
        same = [e for e in earlier if e.merchant_id == event.merchant_id]
        return (event.amount + 1) / (statistics.fmean(_amounts(same)) + 1) if same else None
    return _AFTER_ANOTHER[operation](event, earlier) if earlier else None


def _amounts(earlier: list[Event]) -> list[float]:
    return [e.amount for e in earlier]


def _deviation(earlier: list[Event]) -> float:
    return statistics.pstdev(_amounts(earlier))


def _seconds(later: Event, earlier: Event) -> float:
    return (later.event_time_ms - earlier.event_time_ms) / 1000


def _distance_km(event: Event, last: Event) -> float:
    """Angle between the two unit vectors, in another way than the kernel's haversine."""
    a, b = _unit_vector(event), _unit_vector(last)
    across = math.dist((0, 0, 0), (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))
    return 6371.0088 * math.atan2(across, sum(p * q for p, q in zip(a, b, strict=True)))


def _unit_vector(event: Event) -> tuple[float, float, float]:
    latitude, longitude = (math.radians(angle) for angle in event.location or (math.nan, math.nan))
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )


def _speed_kmh(event: Event, last: Event) -> float:
    hours = max(event.event_time_ms - last.event_time_ms, MINUTE_MS) / HOUR_MS
    return min(_distance_km(event, last) / hours, 10_000)


def _is_near(event: Event, other: Event) -> bool:
    """Return whether two events are within 100 km of each other, on a plane that touches the first one's location."""
    here, there = event.location or (math.nan, math.nan), other.location or (math.nan, math.nan)
    turn = abs(here[1] - there[1])
    east = min(turn, 360 - turn) * math.cos(math.radians(here[0]))
    return math.hypot(here[0] - there[0], east) * 111.195 <= 100


def _away_speed_kmh(event: Event, located: list[Event]) -> float | None:
    away = [e for e in located if not _is_near(event, e)]
    return _speed_kmh(event, away[-1]) if away else None


def _new_merchants(event: Event, earlier: list[Event]) -> int:
    """Return the number of events of the last hour at a merchant of none before them."""
    merchants = [e.merchant_id for e in earlier]
    hour = [n for n, e in enumerate(earlier) if e.event_time_ms >= event.event_time_ms - HOUR_MS]
    return sum(merchants[n] not in merchants[:n] for n in hour)


def _devices(earlier: list[Event], tiled: list[Event]) -> int:
    """Return the number of devices: exact of the kept events, and those of tiles alone by linear counting."""
    kept, every = ({e.device_id for e in events} - {None} for events in (earlier, earlier + tiled))
    return len(kept) + _linear_count(every) - _linear_count(kept)


def _linear_count(devices: set[str | None]) -> int:
    hashes = hash_column(pa.array(devices, pa.string())).tolist()
    empty = 64 - len({(hashed >> 32 or 1) % 64 for hashed in hashes})
    return round(64 * math.log(64 / (empty or 0.5)))


def _hour(event: Event) -> int:
    return event.event_time_ms % DAY_MS // HOUR_MS


def _weekday(event: Event) -> int:
    """Monday is 0; day 4 after 1970-01-01 was one."""
    return (event.event_time_ms // DAY_MS - 4) % 7


_ALWAYS: dict[Op, Callable[[Event, list[Event]], float]] = {
    Op.COUNT: lambda _, earlier: len(earlier),
    Op.SUM: lambda _, earlier: math.fsum(_amounts(earlier)),
    Op.MERCHANTS: lambda _, earlier: len({e.merchant_id for e in earlier}),
    Op.SAME_MERCHANT: lambda event, earlier: sum(e.merchant_id == event.merchant_id for e in earlier),
    Op.AMOUNT: lambda event, _: event.amount,
    Op.HISTORY_COUNT: lambda _, earlier: len(earlier),
    Op.NEW_MERCHANT: lambda event, earlier: all(e.merchant_id != event.merchant_id for e in earlier),
    Op.NEW_MERCHANTS: _new_merchants,
    Op.HOUR: lambda event, _: _hour(event),
    Op.NIGHT: lambda event, _: _hour(event) < 6,
    Op.WEEKEND: lambda event, _: _weekday(event) in (5, 6),
    Op.CATEGORY_RISK: lambda event, _: event.category_risk,
    Op.TYPE_RISK: lambda event, _: event.type_risk,
}

_BY_TILES = {Op.COUNT, Op.SUM, Op.MEAN, Op.DEVIATION, Op.MAXIMUM, Op.Z_SCORE, Op.TO_MEAN, Op.TO_MAXIMUM}

_TRAVEL: dict[Op, Callable[[Event, list[Event]], float | None]] = {
    Op.DISTANCE: lambda event, located: _distance_km(event, located[-1]),
    Op.SPEED: lambda event, located: _speed_kmh(event, located[-1]),
    Op.NEAR_SHARE: lambda event, located: statistics.fmean(_is_near(event, other) for other in located),
    Op.AWAY_SPEED: _away_speed_kmh,
}

_AFTER_ANOTHER: dict[Op, Callable[[Event, list[Event]], float]] = {
    Op.MEAN: lambda _, earlier: statistics.fmean(_amounts(earlier)),
    Op.DEVIATION: lambda _, earlier: _deviation(earlier),
    Op.MAXIMUM: lambda _, earlier: max(_amounts(earlier)),
    Op.Z_SCORE: lambda event, earlier: (event.amount - statistics.fmean(_amounts(earlier))) / (_deviation(earlier) + 1),
    Op.TO_MEAN: lambda event, earlier: (event.amount + 1) / (statistics.fmean(_amounts(earlier)) + 1),
    Op.TO_MAXIMUM: lambda event, earlier: (event.amount + 1) / (max(_amounts(earlier)) + 1),
    Op.USUAL_GAP: lambda event, earlier: _seconds(event, earlier[0]) / len(earlier),
    Op.SINCE_LAST: lambda event, earlier: _seconds(event, earlier[-1]),
}

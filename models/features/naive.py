import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from models.features.history import K
from models.features.operation import Operation as Op
from models.features.table import FEATURES, Feature

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, kw_only=True)
class Event:
    """One transaction, as plain Python values."""

    transaction_id: str
    customer_id: str
    merchant_id: str
    event_time_ms: int
    amount: float  # major units, a float32's value
    device_id: str | None = None
    place: tuple[float, float] | None = None  # latitude, longitude, float32 values in degrees
    category_risk: float = 0.0
    type_risk: float = 0.0


class NaiveEngine:
    """The features as they are defined, with no thought for speed: the kernel is proved against them.

    It shares the table with the kernel and no arithmetic. Scores play no part.
    """

    def __init__(self) -> None:
        self.kept: dict[str, list[Event]] = {}

    def advance(self, event: Event) -> list[float]:
        """Return the event's features, in the order of FEATURES, and take it into its customer's history."""
        kept = self.kept.setdefault(event.customer_id, [])
        x = [value_of(feature, event, kept) for feature in FEATURES]
        if all(other.transaction_id != event.transaction_id for other in kept):
            kept.append(event)
            kept.sort(key=lambda other: other.event_time_ms)  # stable: equal times stay in order of arrival
            del kept[:-K]
        return x


def value_of(feature: Feature, event: Event, kept: list[Event]) -> float:
    """Return one feature of an event whose customer has these transactions kept, oldest first."""
    longest_ms = feature.window.length_ms if feature.window else math.inf
    earlier = [e for e in kept if event.event_time_ms - longest_ms <= e.event_time_ms < event.event_time_ms]
    value = _compute(feature.operation, event, earlier)
    return feature.missing if value is None else float(value)


def _compute(operation: Op, event: Event, earlier: list[Event]) -> float | None:
    if operation in _ALWAYS:
        return _ALWAYS[operation](event, earlier)
    if operation is Op.NEW_DEVICE:
        return all(e.device_id != event.device_id for e in earlier) if event.device_id is not None else None
    if operation in _TRAVEL:
        placed = [e for e in earlier if e.place is not None]
        return _TRAVEL[operation](event, placed[-1]) if placed and event.place is not None else None
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
    latitude, longitude = (math.radians(angle) for angle in event.place or (math.nan, math.nan))
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )


def _speed_kmh(event: Event, last: Event) -> float:
    hours = max(event.event_time_ms - last.event_time_ms, MINUTE_MS) / HOUR_MS
    return min(_distance_km(event, last) / hours, 10_000)


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
    Op.HOUR: lambda event, _: _hour(event),
    Op.NIGHT: lambda event, _: _hour(event) < 6,
    Op.WEEKEND: lambda event, _: _weekday(event) in (5, 6),
    Op.CATEGORY_RISK: lambda event, _: event.category_risk,
    Op.TYPE_RISK: lambda event, _: event.type_risk,
}

_TRAVEL: dict[Op, Callable[[Event, Event], float]] = {Op.DISTANCE: _distance_km, Op.SPEED: _speed_kmh}

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

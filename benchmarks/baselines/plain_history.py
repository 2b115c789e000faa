"""Features of a customer in plain Python, without NumPy, with state in memory."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.baselines.naive_labels import is_of_labels
from models.features.history import K
from models.features.table import CUSTOMER_FEATURES
from schemas.durations import DAY_MS, HOUR_MS

WINDOWS_MS = (HOUR_MS // 6, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
EARTH_KM = 6371.0088
Values = tuple[float, float, float, float, float, float, float, float, float]
NOTHING: Values = (0, 0.0, -1.0, -1.0, -1.0, 0, 0, 0.0, -1.0)
"""Values of an empty window."""
NO_LABELS = [feature.missing for feature in CUSTOMER_FEATURES if is_of_labels(feature)]


@dataclass(slots=True)
class Seen:
    """Transaction of a customer's history."""

    time_ms: int
    amount_minor: int
    merchant: str
    device: str | None
    latitude: float | None
    longitude: float | None


class PlainHistory:
    """The last K transactions of one customer. Events are expected sorted: a late one is appended.

    It has no labels: features of labels have their missing values. It has no entities.
    """

    def __init__(self, seen: Iterable[Seen] = ()) -> None:
        self.seen = deque(seen, maxlen=K)

    def advance(self, now: Seen, category_risk: float, type_risk: float) -> list[float]:
        """Return the features of a transaction, sorted as the feature table, and remember it."""
        windows, earlier, past = [], [], iter(reversed(self.seen))
        total = squares = same = 0  # of minor units, as whole numbers: no rounding
        largest, amount = -1, now.amount_minor / 100
        merchants: set[str] = set()
        pending: Seen | None = next(past, None)
        for length_ms in WINDOWS_MS:
            begin = now.time_ms - length_ms
            while pending is not None and pending.time_ms >= begin:
                if pending.time_ms < now.time_ms:
                    spent = pending.amount_minor
                    earlier.append(pending)
                    total += spent
                    squares += spent * spent
                    largest = max(largest, spent)
                    merchants.add(pending.merchant)
                    same += pending.merchant == now.merchant
                pending = next(past, None)
            count = len(earlier)
            if count:
                windows.append(window_values(amount, count, total, squares, largest, len(merchants), same))
            else:
                windows.append(NOTHING)
        while pending is not None:
            earlier.append(pending)
            pending = next(past, None)
        self.seen.append(now)
        return [
            *by_operation(windows, amount),
            *self._alone(now, amount, earlier),
            category_risk,
            type_risk,
            *NO_LABELS,
            *compared(now, amount, earlier),
            *new_and_known(now, earlier),
        ]

    def _alone(self, now: Seen, amount: float, earlier: list[Seen]) -> list[float]:
        if not earlier:
            return first_of_all(now, amount)
        located = next((seen for seen in earlier if seen.latitude is not None), None)
        new_merchant = all(seen.merchant != now.merchant for seen in earlier)
        new_device = all(seen.device != now.device for seen in earlier)
        return after_others(now, amount, len(earlier), (earlier[0], earlier[-1], located), new_merchant, new_device)


def window_values(
    amount: float, count: int, total: int, squares: int, largest: int, merchants: int, same: int
) -> Values:
    """Return the values of a window that is not empty, sorted as the feature table."""
    mean = total / count / 100
    deviation = math.sqrt(count * squares - total * total) / count / 100
    z, to_mean = (amount - mean) / (deviation + 1), (amount + 1) / (mean + 1)
    return (count, total / 100, mean, deviation, largest / 100, merchants, same, z, to_mean)


def by_operation(windows: list[Values], amount: float) -> list[float]:
    """Return the windows' values sorted as the feature table: each operation over its windows."""
    x = [value for column in zip(*windows, strict=True) for value in column]
    for _, _, _, _, largest, *_ in windows[-2:]:
        x.append((amount + 1) / (largest + 1) if largest >= 0 else -1.0)
    return x


def first_of_all(now: Seen, amount: float) -> list[float]:
    """Return the features of a customer's first transaction."""
    return [amount, 0, -1, -1, 1, -1 if now.device is None else 1, -1, -1, *_calendar(now)]


def after_others(
    now: Seen,
    amount: float,
    count: int,
    others: tuple[Seen, Seen, Seen | None],
    new_merchant: bool,
    new_device: bool,
) -> list[float]:
    """Return the features of a transaction relative to its newest, oldest and last located predecessors."""
    newest, oldest, located = others
    gap_s, since_s = (now.time_ms - oldest.time_ms) / 1000 / count, (now.time_ms - newest.time_ms) / 1000
    is_new = -1 if now.device is None else new_device
    return [amount, count, gap_s, since_s, new_merchant, is_new, *_travel(now, located), *_calendar(now)]


def compared(now: Seen, amount: float, earlier: Iterable[Seen]) -> tuple[float, float, float]:
    """Return the features of a transaction relative to all earlier ones, the newest first."""
    located = near = same = total = 0
    away = -1.0
    cosine = math.cos(math.radians(now.latitude or 0))
    for seen in earlier:
        if seen.merchant == now.merchant:
            same += 1
            total += seen.amount_minor
        if now.latitude is None or now.longitude is None or seen.latitude is None or seen.longitude is None:
            continue
        located += 1
        turn = abs(now.longitude - seen.longitude)
        if math.hypot(now.latitude - seen.latitude, min(turn, 360 - turn) * cosine) * 111.195 <= 100:
            near += 1
        elif away < 0:
            _, away = _travel(now, seen)
    to_same_mean = (amount + 1) / (total / same / 100 + 1) if same else -1.0
    return near / located if located else -1.0, away, to_same_mean


def new_and_known(now: Seen, earlier: Sequence[Seen]) -> tuple[int, float]:
    """Return the number of new merchants in the last hour, and the time since the last use of the device."""
    known: set[str] = set()
    new = 0
    for seen in reversed(earlier):
        new += seen.merchant not in known and seen.time_ms >= now.time_ms - HOUR_MS
        known.add(seen.merchant)
    same = (seen for seen in earlier if now.device is not None and seen.device == now.device)
    last = next(same, None)
    return new, -1.0 if last is None else (now.time_ms - last.time_ms) / 1000


def _calendar(now: Seen) -> tuple[float, float, float]:
    hour = now.time_ms % DAY_MS // HOUR_MS
    return hour, hour < 6, (now.time_ms // DAY_MS - 4) % 7 >= 5


def _travel(now: Seen, last: Seen | None) -> tuple[float, float]:
    if last is None or last.latitude is None or last.longitude is None:
        return -1.0, -1.0
    if now.latitude is None or now.longitude is None:
        return -1.0, -1.0
    p, q = math.radians(now.latitude), math.radians(last.latitude)
    turn = math.radians(now.longitude - last.longitude)
    h = math.sin((p - q) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(turn / 2) ** 2
    km = 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(h)))
    hours = max(now.time_ms - last.time_ms, 60_000) / HOUR_MS
    return km, min(km / hours, 10_000.0)

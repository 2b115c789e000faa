"""A customer's features as one writes them for a consumer loop: plain Python, no NumPy, no state but memory."""

import math
from collections import deque
from dataclasses import dataclass

from models.features.history import K
from models.features.naive_labels import is_of_labels
from models.features.table import FEATURES

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
WINDOWS_MS = (HOUR_MS // 6, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
EARTH_KM = 6371.0088
NO_LABELS = [feature.missing for feature in FEATURES if is_of_labels(feature)]


@dataclass(slots=True)
class Seen:
    """One transaction of the customer's past."""

    time_ms: int
    amount: float
    merchant: str
    device: str | None
    latitude: float | None
    longitude: float | None


class PlainHistory:
    """The last K transactions of one customer. Events are expected in order: a late one is put last.

    It knows no labels: what labels tell is given as where there are none.
    """

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque(maxlen=K)

    def advance(self, now: Seen, category_risk: float, type_risk: float) -> list[float]:
        """Return the features of a transaction, in the order of the feature table, and remember it."""
        windows, earlier, past = [], [], iter(reversed(self._seen))
        total = squares = 0.0
        largest, same = -1.0, 0
        merchants: set[str] = set()
        pending: Seen | None = next(past, None)
        for length_ms in WINDOWS_MS:
            begin = now.time_ms - length_ms
            while pending is not None and pending.time_ms >= begin:
                if pending.time_ms < now.time_ms:
                    amount = pending.amount
                    earlier.append(pending)
                    total += amount
                    squares += amount * amount
                    largest = max(largest, amount)
                    merchants.add(pending.merchant)
                    same += pending.merchant == now.merchant
                pending = next(past, None)
            count = len(earlier)
            if count:
                mean = total / count
                deviation = math.sqrt(max(squares / count - mean * mean, 0.0))
                z, to_mean = (now.amount - mean) / (deviation + 1), (now.amount + 1) / (mean + 1)
                windows.append((count, total, mean, deviation, largest, len(merchants), same, z, to_mean))
            else:
                windows.append((0, 0.0, -1.0, -1.0, -1.0, 0, 0, 0.0, -1.0))
        # In the order of the feature table: each operation over its windows.
        x = [value for column in zip(*windows, strict=True) for value in column]
        for _, _, _, _, window_largest, *_ in windows[-2:]:
            x.append((now.amount + 1) / (window_largest + 1) if window_largest >= 0 else -1.0)
        while pending is not None:
            earlier.append(pending)
            pending = next(past, None)
        x += self._alone(now, earlier)
        x += (category_risk, type_risk, *NO_LABELS)
        self._seen.append(now)
        return x

    def _alone(self, now: Seen, earlier: list[Seen]) -> list[float]:
        hour = now.time_ms % DAY_MS // HOUR_MS
        weekend = (now.time_ms // DAY_MS - 4) % 7 >= 5
        calendar = [hour, hour < 6, weekend]
        if not earlier:
            return [now.amount, 0, -1, -1, 1, -1 if now.device is None else 1, -1, -1, *calendar]
        gap_s = (now.time_ms - earlier[-1].time_ms) / 1000 / len(earlier)
        since_s = (now.time_ms - earlier[0].time_ms) / 1000
        new_merchant = all(seen.merchant != now.merchant for seen in earlier)
        new_device = -1 if now.device is None else all(seen.device != now.device for seen in earlier)
        travel = self._travel(now, earlier)
        return [now.amount, len(earlier), gap_s, since_s, new_merchant, new_device, *travel, *calendar]

    @staticmethod
    def _travel(now: Seen, earlier: list[Seen]) -> tuple[float, float]:
        last = next((seen for seen in earlier if seen.latitude is not None), None)
        if last is None or now.latitude is None:
            return -1.0, -1.0
        p, q = math.radians(now.latitude), math.radians(last.latitude)
        turn = math.radians(now.longitude - last.longitude)
        h = math.sin((p - q) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(turn / 2) ** 2
        km = 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(h)))
        hours = max(now.time_ms - last.time_ms, 60_000) / HOUR_MS
        return km, min(km / hours, 10_000.0)

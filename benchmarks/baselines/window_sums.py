"""Incremental window aggregates of a customer in plain Python."""

from collections import Counter, deque

from benchmarks.baselines.plain_history import (
    NO_LABELS,
    NOTHING,
    WINDOWS_MS,
    Seen,
    Values,
    after_others,
    by_operation,
    compared,
    first_of_all,
    new_and_known,
    window_values,
)
from models.features.history import K


class Window:
    """Window of a customer's transactions, updated as they enter and leave."""

    def __init__(self, length_ms: int) -> None:
        self._length_ms = length_ms
        self._seen: deque[Seen] = deque()
        self._largest: deque[int] = deque()  # those that no later one exceeds, in their order
        self._merchants: dict[str, int] = {}
        self._total = self._squares = 0  # of minor units, as whole numbers: they stay exact

    def add(self, seen: Seen) -> None:
        """Add a transaction, not later than any to come."""
        amount, merchants, largest = seen.amount_minor, self._merchants, self._largest
        self._seen.append(seen)
        self._total += amount
        self._squares += amount * amount
        merchants[seen.merchant] = merchants.get(seen.merchant, 0) + 1
        while largest and largest[-1] < amount:
            largest.pop()
        largest.append(amount)

    def drop(self, seen: Seen) -> None:
        """Remove a transaction if it is in the window: the customer's oldest."""
        if self._seen and self._seen[0] is seen:
            self._drop_oldest()

    def values(self, now: Seen, amount: float) -> Values:
        """Return the values of this window, sorted as the feature table."""
        seen, begin_ms = self._seen, now.time_ms - self._length_ms
        while seen and seen[0].time_ms < begin_ms:
            self._drop_oldest()
        if not seen:
            return NOTHING
        merchants = self._merchants
        same = merchants.get(now.merchant, 0)
        return window_values(amount, len(seen), self._total, self._squares, self._largest[0], len(merchants), same)

    def _drop_oldest(self) -> None:
        gone = self._seen.popleft()
        amount, merchants = gone.amount_minor, self._merchants
        self._total -= amount
        self._squares -= amount * amount
        if self._largest[0] == amount:
            self._largest.popleft()
        left = merchants[gone.merchant] - 1
        if left:
            merchants[gone.merchant] = left
        else:
            del merchants[gone.merchant]


class WindowSums:
    """As `PlainHistory`, but windows are updated instead of scanned: faster, with more state.

    Events are expected in order, as in the benchmark's topic.
    """

    def __init__(self) -> None:
        self._kept: deque[Seen] = deque()
        self._newest: list[Seen] = []  # of one moment: those don't see each other
        self._windows = [Window(length_ms) for length_ms in WINDOWS_MS]
        self._merchants: Counter[str | None] = Counter()  # never None, but counted as the devices are
        self._devices: Counter[str | None] = Counter()
        self._located: Seen | None = None

    def advance(self, now: Seen, category_risk: float, type_risk: float) -> list[float]:
        """Return the features of a transaction, sorted as the feature table, and remember it."""
        newest = self._newest
        if newest and newest[0].time_ms < now.time_ms:
            self._add_newest()
        amount = now.amount_minor / 100
        x = by_operation([window.values(now, amount) for window in self._windows], amount)
        x += self._alone(now, amount)
        earlier = [seen for seen in reversed(self._kept) if seen.time_ms < now.time_ms]
        x += (category_risk, type_risk, *NO_LABELS, *compared(now, amount, earlier), *new_and_known(now, earlier))
        newest.append(now)
        self._kept.append(now)
        if len(self._kept) > K:
            self._drop_oldest()
        return x

    def _alone(self, now: Seen, amount: float) -> list[float]:
        count = len(self._kept) - len(self._newest)
        if not count:
            return first_of_all(now, amount)
        others = self._kept[count - 1], self._kept[0], self._located
        return after_others(
            now, amount, count, others, now.merchant not in self._merchants, now.device not in self._devices
        )

    def _add_newest(self) -> None:
        for seen in self._newest:
            for window in self._windows:
                window.add(seen)
            self._merchants[seen.merchant] += 1
            self._devices[seen.device] += 1
            if seen.latitude is not None:
                self._located = seen
        self._newest.clear()

    def _drop_oldest(self) -> None:
        gone = self._kept.popleft()
        for window in self._windows:
            window.drop(gone)
        for counter, value in ((self._merchants, gone.merchant), (self._devices, gone.device)):
            counter[value] -= 1
            if not counter[value]:
                del counter[value]
        if self._located is gone:
            self._located = None

"""Means of the drift signals over a fixed number of transactions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.drift.psi import BINS
from models.drift.season import SLOTS, slots_of
from models.features.compiled import compiled

OBSERVATION_SIZE = 1_000
"""Transactions in one observation. A detector costs about 5 us an update: fed each event it would cost more than
the features; fed means it sees the same shifts, in values that are nearly normal."""

PART_MS = 1_000
"""Milliseconds between two parts of an observation that one shard sends: at most one part a second."""

_VERSION = 3
"""1 had the sums of four signals alone, 2 neither squares nor the time of the last emission."""


@dataclass(frozen=True, eq=False)
class Observation:
    """S signals over `count` transactions, at most OBSERVATION_SIZE.

    Attributes
    ----------
    means : (S,) float64
    mean_squares : (S,) float64
    bins : (S, BINS) uint32
        Transactions in each part of a signal's histogram.
    slots : (SLOTS,) uint32
        Transactions in each part of the week.
    event_time_ms : int
        Event time of the last transaction in it.
    """

    count: int
    means: npt.NDArray[np.float64]
    mean_squares: npt.NDArray[np.float64]
    bins: npt.NDArray[np.uint32]
    slots: npt.NDArray[np.uint32]
    event_time_ms: int


@compiled
def _add(
    sums: npt.NDArray[np.float64],
    squares: npt.NDArray[np.float64],
    bins: npt.NDArray[np.uint32],
    week: npt.NDArray[np.uint32],
    signals: npt.NDArray[np.float64],
    slots: npt.NDArray[np.int64],
    edges: npt.NDArray[np.float64],
    start: int,
    end: int,
) -> None:
    # Strictly from first to last: NumPy's sum() adds in pairs, which depends on where a batch is cut.
    for row in range(start, end):
        week[slots[row]] += 1
        for signal in range(len(sums)):
            value = signals[row, signal]
            sums[signal] += value
            squares[signal] += value * value
            part = 0
            while part < edges.shape[1] and edges[signal, part] < value:
                part += 1
            bins[signal, part] += 1


class Accumulator:
    """Collects transactions into observations of a fixed size.

    Sums run in order of arrival, so that the observations do not depend on how the stream was cut
    into batches, bit for bit.

    Parameters
    ----------
    edges : (S, BINS - 1) float64
        Of each signal's histogram, rising, and infinite where it has fewer parts.
    raw : bytes or None
        Result of `encode`, or None to start empty. Bytes of version 2 are read without a variance; those of another
        version or another number of signals start empty: at most one observation is lost.
    """

    def __init__(self, edges: npt.NDArray[np.float64], raw: bytes | None = None) -> None:
        self._edges = edges
        self._layout = _layout(len(edges))
        self._begin()
        self._last_event_time_ms = self._emitted_ms = 0
        if raw is None:
            return
        if len(raw) == self._layout.itemsize:
            record = np.frombuffer(raw, self._layout)[0]
            if record["version"] == _VERSION:
                self._resume(record)
                self._squares, self._emitted_ms = record["squares"].copy(), int(record["emitted_ms"])
        elif len(raw) == (layout := _layout_v2(len(edges))).itemsize:
            record = np.frombuffer(raw, layout)[0]
            if record["version"] == 2:
                self._resume(record)
                self._squares = self._sums**2 / max(self._count, 1)

    def update(self, signals: npt.NDArray[np.float64], event_time_ms: npt.NDArray[np.int64]) -> list[Observation]:
        """Add n transactions and return the observations that they complete.

        Parameters
        ----------
        signals : (n, S) float64
            See `signal_matrix`.
        event_time_ms : (n,) int64
            Event times, milliseconds since 1970.
        """
        complete = []
        slots = slots_of(event_time_ms)
        start = 0
        while start < len(signals):
            end = min(len(signals), start + OBSERVATION_SIZE - self._count)
            _add(self._sums, self._squares, self._bins, self._slots, signals, slots, self._edges, start, end)
            self._count += end - start
            self._last_event_time_ms = int(event_time_ms[end - 1])
            if self._count == OBSERVATION_SIZE:
                complete.append(self._emit())
            start = end
        return complete

    def emit_part(self, min_count: int, now_ms: int) -> Observation | None:
        """Return the unfinished observation, and reset, if it is large and old enough to be worth sending.

        Parameters
        ----------
        min_count : int
            Transactions that it must have.
        now_ms : int
            Wall clock: parts are PART_MS apart at least, so that a fast stream does not send many small ones.
        """
        if self._count < min_count or 0 <= now_ms - self._emitted_ms < PART_MS:
            return None
        self._emitted_ms = now_ms
        return self._emit()

    def encode(self) -> bytes:
        """Return the unfinished observation as bytes."""
        record = np.zeros(1, self._layout)
        record[0] = (
            _VERSION, self._count, self._last_event_time_ms, self._sums, self._bins, self._slots,
            self._squares, self._emitted_ms,
        )  # fmt: skip
        return record.tobytes()

    def _emit(self) -> Observation:
        observation = Observation(
            self._count,
            self._sums / self._count,
            self._squares / self._count,
            self._bins,
            self._slots,
            self._last_event_time_ms,
        )
        self._begin()
        return observation

    def _resume(self, record: np.void) -> None:
        self._count, self._last_event_time_ms = int(record["count"]), int(record["last_event_time_ms"])
        self._sums, self._bins = record["sums"].copy(), record["bins"].copy()
        self._slots = record["slots"].copy()

    def _begin(self) -> None:
        signals = len(self._edges)
        self._count, self._sums, self._squares = 0, np.zeros(signals), np.zeros(signals)
        self._bins, self._slots = np.zeros((signals, BINS), np.uint32), np.zeros(SLOTS, np.uint32)


def _fields_v2(signals: int) -> list[Any]:
    return [
        ("version", "<u2"),
        ("count", "<u4"),
        ("last_event_time_ms", "<i8"),
        ("sums", "<f8", (signals,)),
        ("bins", "<u4", (signals, BINS)),
        ("slots", "<u4", (SLOTS,)),
    ]


def _layout_v2(signals: int) -> np.dtype[np.void]:
    return np.dtype(_fields_v2(signals))


def _layout(signals: int) -> np.dtype[np.void]:
    return np.dtype([*_fields_v2(signals), ("squares", "<f8", (signals,)), ("emitted_ms", "<i8")])

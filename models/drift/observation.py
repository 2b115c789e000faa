from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.drift.psi import BINS
from models.drift.season import SLOTS, slots_of
from models.features.compiled import compiled

OBSERVATION_SIZE = 1_000
"""Transactions in one observation. A detector costs about 5 us an update: fed each event it would cost more than
the features; fed means it sees the same shifts, in values that are nearly normal."""

_VERSION = 2
"""1 had the sums of four signals alone."""


@dataclass(frozen=True, eq=False)
class Observation:
    """S signals over OBSERVATION_SIZE transactions.

    Attributes
    ----------
    means : (S,) float64
    bins : (S, BINS) uint32
        Transactions in each part of a signal's histogram.
    slots : (SLOTS,) uint32
        Transactions in each part of the week.
    event_time_ms : int
        Event time of the last transaction in it.
    """

    means: npt.NDArray[np.float64]
    bins: npt.NDArray[np.uint32]
    slots: npt.NDArray[np.uint32]
    event_time_ms: int


@compiled
def _add(
    sums: npt.NDArray[np.float64],
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
        What `encode` returned, or None to begin. Bytes of another version or another number of
        signals begin anew: at most one observation is lost.
    """

    def __init__(self, edges: npt.NDArray[np.float64], raw: bytes | None = None) -> None:
        self._edges = edges
        self._layout = _layout(len(edges))
        self._begin()
        self._last_event_time_ms = 0
        if raw is not None and len(raw) == self._layout.itemsize:
            record = np.frombuffer(raw, self._layout)[0]
            if record["version"] == _VERSION:
                self._count = int(record["count"])
                self._sums, self._bins = record["sums"].copy(), record["bins"].copy()
                self._slots = record["slots"].copy()
                self._last_event_time_ms = int(record["last_event_time_ms"])

    def update(self, signals: npt.NDArray[np.float64], event_time_ms: npt.NDArray[np.int64]) -> list[Observation]:
        """Take in n transactions and return the observations that they complete.

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
            _add(self._sums, self._bins, self._slots, signals, slots, self._edges, start, end)
            self._count += end - start
            self._last_event_time_ms = int(event_time_ms[end - 1])
            if self._count == OBSERVATION_SIZE:
                means = self._sums / OBSERVATION_SIZE
                complete.append(Observation(means, self._bins, self._slots, self._last_event_time_ms))
                self._begin()
            start = end
        return complete

    def encode(self) -> bytes:
        """Return the unfinished observation as bytes."""
        record = np.zeros(1, self._layout)
        record[0] = (_VERSION, self._count, self._last_event_time_ms, self._sums, self._bins, self._slots)
        return record.tobytes()

    def _begin(self) -> None:
        signals = len(self._edges)
        self._count, self._sums = 0, np.zeros(signals)
        self._bins, self._slots = np.zeros((signals, BINS), np.uint32), np.zeros(SLOTS, np.uint32)


def _layout(signals: int) -> np.dtype[np.void]:
    return np.dtype(
        [
            ("version", "<u2"),
            ("count", "<u4"),
            ("last_event_time_ms", "<i8"),
            ("sums", "<f8", (signals,)),
            ("bins", "<u4", (signals, BINS)),
            ("slots", "<u4", (SLOTS,)),
        ]
    )

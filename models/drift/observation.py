from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.drift.signals import SIGNALS
from models.features.compiled import compiled

OBSERVATION_SIZE = 1_000
"""Transactions in one observation. A detector costs about 5 us an update: fed each event it would cost more than
the features; fed means it sees the same shifts, in values that are nearly normal."""

_VERSION = 1
_RECORD = np.dtype(
    [("version", "<u2"), ("count", "<u4"), ("last_event_time_ms", "<i8"), ("sums", "<f8", (len(SIGNALS),))]
)


@dataclass(frozen=True)
class Observation:
    """The means of all signals over OBSERVATION_SIZE transactions.

    Attributes
    ----------
    means : (len(SIGNALS),) float64
        In the order of SIGNALS.
    event_time_ms : int
        Event time of the last transaction in it.
    """

    means: npt.NDArray[np.float64]
    event_time_ms: int


@compiled
def _add(sums: npt.NDArray[np.float64], signals: npt.NDArray[np.float64], start: int, end: int) -> None:
    # Strictly from first to last: NumPy's sum() adds in pairs, which depends on where a batch is cut.
    for row in range(start, end):
        for signal in range(len(sums)):
            sums[signal] += signals[row, signal]


class Accumulator:
    """Collects one shard's transactions into observations of a fixed size.

    Sums run in order of arrival, so that the observations do not depend on how the stream was cut
    into batches, bit for bit.

    Parameters
    ----------
    raw : bytes or None
        What `encode` returned, or None to begin. Bytes of another version or another number of
        signals begin anew: at most one observation is lost.
    """

    def __init__(self, raw: bytes | None = None) -> None:
        self._count = 0
        self._sums = np.zeros(len(SIGNALS))
        self._last_event_time_ms = 0
        if raw is not None and len(raw) == _RECORD.itemsize:
            record = np.frombuffer(raw, _RECORD)[0]
            if record["version"] == _VERSION:
                self._count = int(record["count"])
                self._sums = record["sums"].copy()
                self._last_event_time_ms = int(record["last_event_time_ms"])

    def update(self, signals: npt.NDArray[np.float64], event_time_ms: npt.NDArray[np.int64]) -> list[Observation]:
        """Take in n transactions and return the observations that they complete.

        Parameters
        ----------
        signals : (n, len(SIGNALS)) float64
            See `signal_matrix`.
        event_time_ms : (n,) int64
            Event times, milliseconds since 1970.
        """
        complete = []
        start = 0
        while start < len(signals):
            end = min(len(signals), start + OBSERVATION_SIZE - self._count)
            _add(self._sums, signals, start, end)
            self._count += end - start
            self._last_event_time_ms = int(event_time_ms[end - 1])
            if self._count == OBSERVATION_SIZE:
                complete.append(Observation(self._sums / OBSERVATION_SIZE, self._last_event_time_ms))
                self._count, self._sums = 0, np.zeros(len(SIGNALS))
            start = end
        return complete

    def encode(self) -> bytes:
        """Return the unfinished observation as bytes."""
        record = np.zeros(1, _RECORD)
        record[0] = (_VERSION, self._count, self._last_event_time_ms, self._sums)
        return record.tobytes()

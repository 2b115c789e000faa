"""Windowed population stability index with versioned state."""

import struct

import numpy as np

from models.drift.psi import BINS, psi
from models.drift.signal_observation import SignalObservation

WINDOW = 10
"""Observations in one window."""

PSI_THRESHOLD = 0.1
"""Above it a histogram has shifted: what credit scoring calls a moderate shift. Over 10,000 transactions chance alone
makes about 0.001."""

WARM_UP = 3
"""Windows that never fire: an engine that starts empty knows no previous location."""

_HEADER = struct.Struct("<HQH?")
_VERSION = 1


class PsiWindow:
    """The population stability index of one signal over windows of a fixed size, with its state as versioned bytes.

    A signal that stays away from the reference is one shift, so it fires where the index comes above the threshold.

    Parameters
    ----------
    raw : bytes or None
        Result of `to_bytes`, or None to start empty.
    """

    def __init__(self, raw: bytes | None = None) -> None:
        self.observations = 0
        self.last: float | None = None
        """PSI of the last whole window."""
        self.reset()
        if raw is not None and raw[:2] == _VERSION.to_bytes(2, "little"):
            _, self.observations, self._filled, self._shifted = _HEADER.unpack_from(raw)
            numbers = np.frombuffer(raw, "<f8", offset=_HEADER.size)
            self._counts, self._expected = numbers[:BINS].copy(), numbers[BINS : 2 * BINS].copy()
            self.last = None if np.isnan(numbers[-1]) else float(numbers[-1])

    def update(self, observation: SignalObservation) -> bool:
        """Add an observation; return whether it completed the first window above the threshold."""
        self.observations += 1
        self._counts += observation.bins
        self._expected += observation.expected_shares
        self._filled += 1
        if self._filled % WINDOW:
            return False
        self.last = psi(self._expected, self._counts)
        self._counts, self._expected = np.zeros(BINS), np.zeros(BINS)
        was, self._shifted = self._shifted, self.last > PSI_THRESHOLD and self._filled > WARM_UP * WINDOW
        self._filled = min(self._filled, (WARM_UP + 1) * WINDOW)
        return self._shifted and not was

    def reset(self) -> None:
        """Clear the observations, but not their number."""
        self.last = None
        self._counts, self._expected = np.zeros(BINS), np.zeros(BINS)
        self._filled, self._shifted = 0, False

    def to_bytes(self) -> bytes:
        """Return the state: version, observations, how full the window is, whether shifted; then the sums."""
        last = np.nan if self.last is None else self.last
        numbers = np.concatenate([self._counts, self._expected, [last]]).astype("<f8")
        return _HEADER.pack(_VERSION, self.observations, self._filled, self._shifted) + numbers.tobytes()

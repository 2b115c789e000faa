"""Model of the cost of a transaction by the number of TaskManagers."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class ScaleModel(NamedTuple):
    """Processor time of a transaction on n TaskManagers: ``alone_us + exchanged_us * (n - 1) / n``.

    Of what passes between operators, the share (n - 1) / n goes to another TaskManager; the rest costs the same on
    any number.

    Parameters
    ----------
    alone_us, exchanged_us : float
        Microseconds.
    bytes_exchanged : float
        Bytes that a transaction's records have between operators.
    """

    alone_us: float
    exchanged_us: float
    bytes_exchanged: float

    @classmethod
    def fitted(cls, processor_us: Mapping[int, float], bytes_exchanged: float) -> "ScaleModel":
        """Fit to the processor time by number of TaskManagers, by least squares."""
        counts = np.array(list(processor_us), np.float64)
        design = np.stack([np.ones(len(counts)), (counts - 1) / counts], axis=1)
        alone, exchanged = np.linalg.lstsq(design, np.array(list(processor_us.values())), rcond=None)[0].tolist()
        return cls(alone, exchanged, bytes_exchanged)

    def us(self, taskmanagers: int) -> float:
        """Return a transaction's processor time on a number of TaskManagers, microseconds."""
        return self.alone_us + self.exchanged_us * (taskmanagers - 1) / taskmanagers

    def cores(self, events_per_s: float) -> float:
        """Return the cores that TaskManagers need at a rate, when nearly all is exchanged."""
        return (self.alone_us + self.exchanged_us) * events_per_s / 1e6

    def gigabits_per_s(self, events_per_s: float) -> float:
        """Return the network traffic between TaskManagers at a rate."""
        return self.bytes_exchanged * events_per_s * 8 / 1e9

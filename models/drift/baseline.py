from dataclasses import dataclass
from math import sqrt

from models.drift.signals import SIGNALS
from models.scoring.artifact import Manifest

SMALLEST_DEVIATION = 1e-6


@dataclass(frozen=True)
class Baseline:
    """Mean and standard deviation of one signal over the training transactions."""

    mean: float
    deviation: float

    def standardise(self, mean: float, size: int) -> float:
        """Return a mean of `size` transactions in standard deviations of such means.

        ADWIN's bound and PageHinkley's threshold are made for data of about unit variance.
        """
        return (mean - self.mean) / self._deviation_of_mean(size)

    def restore(self, value: float, size: int) -> float:
        """Return the mean that `standardise` turned into `value`."""
        return self.mean + value * self._deviation_of_mean(size)

    def _deviation_of_mean(self, size: int) -> float:
        return max(self.deviation, SMALLEST_DEVIATION) / sqrt(size)


def baselines(manifest: Manifest) -> dict[str, Baseline]:
    """Return the baseline of every signal, from what the model saw in training."""
    found = {signal.name: manifest.reference[signal.reference] for signal in SIGNALS}
    return {name: Baseline(reference.mean, reference.deviation) for name, reference in found.items()}

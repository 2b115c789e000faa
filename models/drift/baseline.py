"""Expected distribution of a signal by the time of the week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift.observation import Observation
from models.drift.psi import BINS, bin_edges
from models.drift.season import SLOTS, slots_of
from models.drift.signal_observation import SignalObservation
from models.drift.signal_part import SignalPart
from models.drift.signals import SIGNALS
from models.scoring.artifact import Manifest, Reference, SignalReference

MIXED_ROWS = 50
"""Rows of the usual variance and histogram added to each part of the week: its own may be few."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Statistics of a signal over the model's validation transactions, by the part of the week.

    Parameters
    ----------
    means, variances, rows : (SLOTS,) float64
        Of each part of the week; where there were no rows, of all.
    edges : (BINS - 1,) float64
        Of the histogram, see `Accumulator`.
    shares : (SLOTS, BINS) float64
        Of the rows in each part of the histogram, by the part of the week.
    """

    means: NDArray[np.float64]
    variances: NDArray[np.float64]
    rows: NDArray[np.float64]
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, reference: SignalReference) -> Baseline:
        """Return the baseline that a manifest describes."""
        edges = np.full(BINS - 1, np.inf)
        edges[: len(reference.edges)] = reference.edges
        counts = np.zeros((SLOTS, BINS))
        counts[:, : len(reference.edges) + 1] = reference.counts
        rows = counts.sum(axis=1)
        everything = counts.sum(axis=0) / max(rows.sum(), 1)
        shares = (counts + MIXED_ROWS * everything) / (rows + MIXED_ROWS)[:, None]
        return cls(np.array(reference.means), np.array(reference.variances), np.maximum(rows, 1), edges, shares)

    @classmethod
    def flat(cls, reference: Reference) -> Baseline:
        """Return the baseline of an artifact without statistics by part of the week, and without a histogram.

        All values are in one bin, so the population stability index is always 0.
        """
        shares = np.zeros((SLOTS, BINS))
        shares[:, 0] = 1
        return cls(
            means=np.full(SLOTS, reference.mean),
            variances=np.full(SLOTS, reference.deviation**2),
            rows=np.full(SLOTS, np.inf),
            edges=np.full(BINS - 1, np.inf),
            shares=shares,
        )

    def compare(self, observation: Observation, signal: int, model_id: str) -> SignalObservation:
        """Return one signal of an observation, compared with its expected value at those times of the week."""
        return self.part(observation, signal, model_id).observation()

    def part(self, observation: Observation, signal: int, model_id: str, deployed_ms: int = 0) -> SignalPart:
        """Return one signal of an observation, or of a part of one, with its expected value; see `SignalPart`."""
        week = observation.slots / observation.count
        slots = np.flatnonzero(week)
        unit = week[slots] / np.sqrt(self.rows[slots])
        own = unit * np.sqrt(self.variances[slots])
        mean, expected = float(observation.means[signal]), float(week @ self.means)
        spread = float(observation.mean_squares[signal]) - 2 * mean * expected + expected**2
        return SignalPart(
            transactions=observation.count,
            mean=mean,
            expected=expected,
            variance=float(week @ self.variances),
            spread=max(spread, 0.0) if self.nearly_constant else 0.0,
            uncertainty=dict(zip(map(str, slots.tolist()), np.stack([own, unit], axis=1).tolist(), strict=True)),
            bins=observation.bins[signal].tolist(),
            expected_shares=(week @ self.shares).tolist(),
            event_time_ms=observation.event_time_ms,
            model_id=model_id,
            deployed_ms=deployed_ms,
        )

    @property
    def nearly_constant(self) -> bool:
        """Whether eight tenths of the rows or more had one value: the variance says little about the others."""
        return bool(np.isinf(self.edges[1]))


def signal_reference(values: NDArray[np.float64], event_time_ms: NDArray[np.int64]) -> SignalReference:
    """Describe a signal (n,), n > 0, over transactions of known times: what the artifact keeps of it."""
    edges, slots = bin_edges(values), slots_of(event_time_ms)
    counts = np.zeros((SLOTS, len(edges) + 1), np.int64)
    np.add.at(counts, (slots, np.searchsorted(edges, values, side="left")), 1)
    rows = counts.sum(axis=1)
    means = np.full(SLOTS, values.mean())
    seen = rows > 0
    means[seen] = np.bincount(slots, weights=values, minlength=SLOTS)[seen] / rows[seen]
    squares = (values - means[slots]) ** 2
    variances = np.bincount(slots, weights=squares, minlength=SLOTS) + squares.mean() * MIXED_ROWS
    variances = np.where(seen, variances / (rows + MIXED_ROWS), values.var())
    described: dict[str, Any] = {"means": means.tolist(), "variances": variances.tolist(), "counts": counts.tolist()}
    return SignalReference(edges=tuple(edges.tolist()), **described)


def baselines(manifest: Manifest) -> dict[str, Baseline]:
    """Return the baseline of every signal that the model's manifest describes."""
    flat = {
        signal.name: Baseline.flat(manifest.reference[known])
        for signal in SIGNALS
        if (known := signal.feature or signal.name) in manifest.reference
    }
    return flat | {name: Baseline.of(reference) for name, reference in manifest.signals.items()}

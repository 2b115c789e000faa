"""Rows on which a served model would differ from its library, if on any."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.training.learners.learner import TrainedModel
from models.training.parity import ODD_VALUES, edge_case_rows

NEAR = "near a decision"
SHARES = {"ordinary": 0.1, "at a split": 0.2, "at several splits": 0.2, "edge case": 0.2}
"""Share of each kind of rows; the rest, and kinds that a model has no rows of, are `NEAR`."""

BATCH_ROWS = 20_000

NEAREST, CHANGES, FAR = 100, 6, 0.3
"""Rows near a decision changed in turn, changes of each, and share of the changes that are large."""


class Rows(NamedTuple):
    """Batch of rows of one kind.

    Parameters
    ----------
    kind : str
        A name in `SHARES`, or `NEAR`.
    x : ndarray of float32, (n, F)
    """

    kind: str
    x: NDArray[np.float32]


class AdversarialRows:
    """Generator of rows on which two scorers of a model are most likely to differ.

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
        Ordinary rows, from which the others are made.
    """

    def __init__(
        self, fitted: TrainedModel, x: NDArray[np.float32], decisions: tuple[float, ...], *, seed: int
    ) -> None:
        self._fitted, self._x, self._decisions = fitted, x, decisions
        self._generator = np.random.default_rng(seed)
        self._at_splits = fitted.threshold_rows(self._starts())
        self._values = _values_at_splits(self._at_splits, x)

    def rows(self, count: int) -> Iterator[Rows]:
        """Yield ``count`` rows in batches, kind by kind, each row accepted by the library."""
        made = 0
        for kind, make in self._makers().items():
            wanted = count - made if kind == NEAR else round(count * SHARES[kind])
            for x in _first(wanted, (x[self._fitted.accepts(x)] for x in make())):
                made += len(x)
                yield Rows(kind, x)

    def _makers(self) -> dict[str, Callable[[], Iterator[NDArray[np.float32]]]]:
        return {
            "ordinary": self._ordinary,
            "at a split": self._at_a_split,
            "at several splits": self._at_several_splits,
            "edge case": self._edge_cases,
            NEAR: self._near_a_decision,
        }

    def _ordinary(self) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(self._x), BATCH_ROWS):
            yield self._x[start : start + BATCH_ROWS]

    def _at_a_split(self) -> Iterator[NDArray[np.float32]]:
        """Yield every split at its threshold and one float32 to each side, in other ordinary rows each time."""
        yield self._at_splits
        while len(self._at_splits):
            yield self._fitted.threshold_rows(self._starts())

    def _at_several_splits(self) -> Iterator[NDArray[np.float32]]:
        """Yield ordinary rows with some or all features at thresholds or next to them."""
        while len(self._at_splits):
            x = self._some(BATCH_ROWS)
            yield self._changed(x, self._mask(x, self._generator.random((len(x), 1))))

    def _edge_cases(self) -> Iterator[NDArray[np.float32]]:
        """Yield `edge_case_rows`, then ordinary rows with odd values and thresholds in random features."""
        while True:
            yield edge_case_rows(self._x, int(self._generator.integers(2**32)))
            x = self._some(BATCH_ROWS)
            x = self._changed(x, self._mask(x, np.full((len(x), 1), 0.3)))
            odd = self._mask(x, self._generator.random((len(x), 1)) / 2)
            x[odd] = self._generator.choice(ODD_VALUES, np.count_nonzero(odd))
            yield x

    def _near_a_decision(self) -> Iterator[NDArray[np.float32]]:
        """Yield rows whose probability approaches a decision threshold: the nearest so far, with small changes."""
        nearest = [self._some(NEAREST) for _ in self._decisions]
        while True:
            for number, decision in enumerate(self._decisions):
                x = np.repeat(nearest[number], CHANGES, axis=0)
                share = self._generator.integers(1, 4, (len(x), 1)) / x.shape[1]
                where = self._mask(x, share)
                x = self._changed(x, where) if self._generator.random() < FAR else self._moved(x, where)
                yield x
                known = np.concatenate([nearest[number], x[self._fitted.accepts(x)]])
                distance = np.abs(self._fitted.probability(known) - decision)
                _, different = np.unique(distance, return_index=True)  # the nearest first
                nearest[number] = known[np.resize(different[:NEAREST], NEAREST)]

    def _starts(self) -> NDArray[np.float32]:
        return self._some(BATCH_ROWS)

    def _some(self, count: int) -> NDArray[np.float32]:
        return self._x[self._generator.integers(0, len(self._x), count)]

    def _mask(self, x: NDArray[np.float32], share: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return a random mask (n, F) of the features, given their share in each row, (n, 1)."""
        chosen: NDArray[np.bool_] = self._generator.random(x.shape) < share
        return chosen

    def _moved(self, x: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return rows with the masked features, (n, F), moved to a value at a split nearby."""
        made = x.copy()
        for column, values in enumerate(self._values):
            chosen = where[:, column]
            positions = np.searchsorted(values, made[chosen, column]) + self._generator.integers(-6, 7, chosen.sum())
            made[chosen, column] = values[np.clip(positions, 0, len(values) - 1)]
        return made

    def _changed(self, x: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return rows with other values of the masked features, (n, F): at a split, or next to one."""
        made = x.copy()
        for column, values in enumerate(self._values):
            chosen = where[:, column]
            made[chosen, column] = self._generator.choice(values, np.count_nonzero(chosen))
        return made


def _first(count: int, batches: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield the first ``count`` rows of the batches, or all where there are fewer."""
    for x in batches:
        if len(x):
            yield x[:count]
        count -= len(x)
        if count <= 0:
            return


def _values_at_splits(at_splits: NDArray[np.float32], x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return for each feature the thresholds of its splits and their neighbours, or ordinary values without splits."""
    three = at_splits.reshape(-1, 3, x.shape[1])
    found = []
    for column in range(x.shape[1]):
        set_apart = three[:, 0, column] != three[:, 2, column]
        values = np.unique(three[set_apart, :, column])
        values = values[~np.isnan(values)]  # NaN is set apart from itself
        found.append(values if len(values) else np.sort(x[:, column]))
    return found

"""Attacks of several transactions, as flat arrays."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from producers.scenarios.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """Attacks of several transactions each, laid flat.

    Attributes
    ----------
    sizes : (episodes,) int64
        Transactions of each attack.
    episode, step : (n,) int64
        Of each transaction: the attack it belongs to, and its index there from 0 on.
    """

    sizes: NDArray[np.int64]
    episode: NDArray[np.int64]
    step: NDArray[np.int64]

    @classmethod
    def draw(cls, transactions: int, low: int, high: int, rng: np.random.Generator) -> Self:
        """Draw attacks of `low` to `high` transactions, until there are `transactions` or just more."""
        drawn = rng.integers(low, high + 1, -(-transactions // low))
        before = np.cumsum(drawn) - drawn
        sizes = drawn[before < transactions]
        episode = np.repeat(np.arange(len(sizes)), sizes)
        step = np.arange(len(episode)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return cls(sizes=sizes, episode=episode, step=step)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def transactions(self) -> int:
        """Number of transactions of all attacks."""
        return len(self.episode)

    @property
    def is_last(self) -> NDArray[np.bool_]:
        """Whether a transaction is the last of its attack, (n,)."""
        last: NDArray[np.bool_] = self.step == self.sizes[self.episode] - 1
        return last

    def victims(self, scene: Scene, rng: np.random.Generator) -> NDArray[np.int32]:
        """Draw the customer of each transaction (n,): one for the whole attack."""
        return rng.integers(0, scene.world.customers, len(self)).astype(np.int32)[self.episode]

    def times(self, scene: Scene, gaps_ms: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw event times (n,) within the scene, begun at random, `gaps_ms` (n,) after the one before.

        The first gap of each attack is not used. An attack longer than the scene is pressed together.
        """
        elapsed = np.cumsum(np.where(self.step == 0, 0.0, gaps_ms))
        elapsed -= elapsed[self.step == 0][self.episode]
        span = float(scene.end_ms - scene.begin_ms - 1)
        longest = np.maximum(elapsed[self.is_last], 1.0)
        elapsed *= np.minimum(1.0, span / longest)[self.episode]
        room = np.maximum(span - longest, 0.0)
        start = (rng.random(len(self)) * room)[self.episode]
        times: NDArray[np.int64] = scene.begin_ms + (start + elapsed).astype(np.int64)
        return times

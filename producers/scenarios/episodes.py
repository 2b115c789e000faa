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
        """Draw attacks of `low` to `high` transactions, the last one cut to fit, but not below `low`."""
        drawn = rng.integers(low, high + 1, -(-transactions // low))
        before = np.cumsum(drawn) - drawn
        sizes = drawn[before < transactions]
        sizes[-1:] = np.maximum(low, transactions - before[: len(sizes)][-1:])
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

    def separate_victims(
        self, customers: NDArray[np.int64], cards: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int32]:
        """Draw the customer of each transaction (n,): the attack's cards in turn, all of different customers.

        Parameters
        ----------
        customers : (customers,) int64
            All customers; an attack hits some that follow each other.
        cards : (episodes,) int64
            Cards of each attack.
        """
        first = rng.integers(0, len(customers), len(self))[self.episode]
        chosen = (first + self.step % cards[self.episode]) % len(customers)
        victims: NDArray[np.int32] = customers[chosen].astype(np.int32)
        return victims

    def online_shops(
        self, scene: Scene, shops: int, time_ms: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int32]:
        """Draw merchants (episodes, shops) on the internet that are open when the attack begins.

        `time_ms` (n,) are the event times of all attacks.
        """
        chosen = scene.world.pick_online(shops * len(self), rng).reshape(-1, shops)
        begin_ms = np.minimum.reduceat(time_ms, np.flatnonzero(self.step == 0))
        return scene.world.open_merchants(chosen, begin_ms[:, None])

    def times_within(self, scene: Scene, spans_ms: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw event times (n,) within the scene, those of each attack anywhere in its span (episodes,)."""
        whole = float(scene.end_ms - scene.begin_ms - 1)
        spans = np.minimum(spans_ms, whole)
        begin = rng.random(len(self)) * (whole - spans)
        elapsed = begin[self.episode] + rng.random(self.transactions) * spans[self.episode]
        times: NDArray[np.int64] = scene.begin_ms + elapsed.astype(np.int64)
        return times

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

"""Flash sales of honest merchants."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from producers.card_world import CardWorld
from producers.categories import MEDIANS, category_code
from producers.simulation_config import SimulationConfig
from schemas.durations import HOUR_MS

HOURS = (1.0, 6.0)
PURCHASES = (30.0, 150.0)
MAX_SHARE = 0.2
"""Share of the purchases made by customers who could come: small worlds have small rushes."""


@dataclass(frozen=True, kw_only=True)
class Rushes:
    """Hours in which an honest merchant sells one article to many customers, most of them new to it.

    They resemble an attack on the merchant. The simulated time is divided into slots with a rush each.

    Attributes
    ----------
    start_ms, slot_ms : int
        Beginning of the first slot, and length of each.
    merchant : (rushes,) int32
    begin_ms, end_ms : (rushes,) int64
        The end not included.
    purchases : (rushes,) float64
        Expected purchases, if that many customers can come.
    price : (rushes,) float64
        Median amount, major units.
    """

    start_ms: int
    slot_ms: int
    merchant: NDArray[np.int32]
    begin_ms: NDArray[np.int64]
    end_ms: NDArray[np.int64]
    purchases: NDArray[np.float64]
    price: NDArray[np.float64]

    @classmethod
    def draw(cls, world: CardWorld, config: SimulationConfig, rng: np.random.Generator) -> Self:
        """Draw `config.rushes_per_day` rushes a day, at shops and on the internet."""
        count = round(config.rushes_per_day * config.days)
        slot_ms = (config.end_ms - config.start_ms) // max(count, 1)
        sells = ~np.isin(world.merchant_category, [category_code("cash"), category_code("subscription")])
        merchant = rng.choice(np.flatnonzero(sells), count).astype(np.int32)
        length = np.minimum(rng.uniform(*HOURS, count) * HOUR_MS, slot_ms).astype(np.int64)
        begin = config.start_ms + np.arange(count) * slot_ms + (rng.random(count) * (slot_ms - length)).astype(np.int64)
        return cls(
            start_ms=config.start_ms,
            slot_ms=slot_ms,
            merchant=world.open_merchants(merchant, begin),
            begin_ms=begin,
            end_ms=begin + length,
            purchases=rng.uniform(*PURCHASES, count),
            price=MEDIANS[world.merchant_category[merchant]] * np.exp(rng.normal(-0.5, 0.5, count)),
        )

    def joined(
        self,
        world: CardWorld,
        city: NDArray[np.int32],
        on_the_way: NDArray[np.bool_],
        time_ms: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Draw which purchases are made in a rush, and in which one.

        Parameters
        ----------
        city, on_the_way : (n,)
            As from `Trips.whereabouts`.
        time_ms : (n,) int64

        Returns
        -------
        index, rush : (purchases,) int64
            Indices into the n purchases, and the rush of each.
        """
        if not len(self.merchant):
            return np.empty(0, np.intp), np.empty(0, np.int64)
        rush = np.minimum((time_ms - self.start_ms) // self.slot_ms, len(self.merchant) - 1)
        able = np.flatnonzero((self.begin_ms[rush] <= time_ms) & (time_ms < self.end_ms[rush]))
        merchant = self.merchant[rush[able]]
        able = able[world.is_online(merchant) | ((world.merchant_city[merchant] == city[able]) & ~on_the_way[able])]
        crowd = np.bincount(rush[able], minlength=len(self.merchant))
        share = np.minimum(self.purchases / np.maximum(crowd, 1), MAX_SHARE)
        able = able[rng.random(len(able)) < share[rush[able]]]
        return able, rush[able]

    def amounts(self, rush: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the amounts (n,) of purchases in the given rushes, major units."""
        amount: NDArray[np.float64] = self.price[rush] * np.exp(rng.normal(0, 0.1, len(rush)))
        return amount

"""Journeys of customers."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from producers.card_world import CardWorld
from schemas.durations import DAY_MS, HOUR_MS

SLOT_MS = 30 * DAY_MS
TRANSIT_MS = 5 * HOUR_MS
TRIP_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Trips:
    """Genuine journeys: in each slot of 30 days a quarter of the customers are away for some days.

    Attributes
    ----------
    start_ms : int
        Beginning of the first slot.
    begin_ms, end_ms : (customers, slots) int64
        The journey of each slot; begin = end for none.
    city : (customers, slots) int32
        Destination.
    """

    start_ms: int
    begin_ms: NDArray[np.int64]
    end_ms: NDArray[np.int64]
    city: NDArray[np.int32]

    @classmethod
    def draw(cls, world: CardWorld, *, start_ms: int, end_ms: int, rng: np.random.Generator) -> Self:
        """Journeys of all customers from `start_ms` to `end_ms`."""
        slots = (end_ms - start_ms) // SLOT_MS + 1
        shape = (world.customers, slots)
        length = np.where(rng.random(shape) < TRIP_SHARE, rng.uniform(1, 8, shape) * DAY_MS, 0)
        begin = start_ms + np.arange(slots) * SLOT_MS + rng.random(shape) * (SLOT_MS - length)
        return cls(
            start_ms=start_ms,
            begin_ms=begin.astype(np.int64),
            end_ms=(begin + length).astype(np.int64),
            city=rng.integers(0, world.cities, shape).astype(np.int32),
        )

    def whereabouts(
        self, world: CardWorld, customer: NDArray[np.int32], time_ms: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """City of each customer at each time (n,), and whether it is just then on its way (n,)."""
        slot = np.maximum(time_ms - self.start_ms, 0) // SLOT_MS
        slot = np.minimum(slot, self.city.shape[1] - 1)
        begin, end = self.begin_ms[customer, slot], self.end_ms[customer, slot]
        travels = end > begin
        away = travels & (begin <= time_ms) & (time_ms < end)
        near_edge = np.minimum(np.abs(time_ms - begin), np.abs(time_ms - end)) < TRANSIT_MS
        return np.where(away, self.city[customer, slot], world.home_city[customer]), travels & near_edge

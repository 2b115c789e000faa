"""Devices that several honest customers use."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from producers.card_world import CardWorld
from producers.devices import SHARED

HOUSEHOLD_SIZES = (2, 5)
HOUSEHOLD_USE = 0.25
"""Share of the online purchases that members of a household make on its device."""
TERMINAL_USE = 0.6
"""Share of the online purchases that users of terminals make there."""
CALL_CENTRE_SHARE = 0.7
"""Share of these that are made by telephone, all entered on the call centre's device."""
TERMINALS = SHARED << 1


@dataclass(frozen=True, kw_only=True)
class SharedDevices:
    """Household devices, a public terminal in each city, and a call centre.

    They make honest customers resemble a fraud ring; no fraud is committed on them.

    Attributes
    ----------
    household : (customers,) int64
        Number of the household, at most five customers of one city; -1 for none.
    uses_terminal : (customers,) bool
        Buys on the city's terminal or by telephone.
    """

    household: NDArray[np.int64]
    uses_terminal: NDArray[np.bool_]

    @classmethod
    def draw(cls, world: CardWorld, *, household_share: float, terminal_share: float, rng: np.random.Generator) -> Self:
        """Draw households of `household_share` of the customers, and `terminal_share` as users of terminals."""
        low, high = HOUSEHOLD_SIZES
        sizes = rng.integers(low, high + 1, world.customers // low + 1)
        shares = rng.random(len(sizes)) < household_share
        people = world.neighbours(rng)
        number = np.empty(world.customers, dtype=np.int64)
        number[people] = np.repeat(np.arange(len(sizes)), sizes)[: world.customers]
        # The city in the number divides a household that is spread over two cities.
        household = np.where(shares[number], number * world.cities + world.home_city, -1)
        return cls(household=household, uses_terminal=rng.random(world.customers) < terminal_share)

    def online_devices(
        self,
        world: CardWorld,
        customer: NDArray[np.int32],
        city: NDArray[np.int32],
        own: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Return device codes (n,) of online purchases: the customers' `own` ones, or a shared one instead.

        `city` (n,) is where the customers are at the time.
        """
        count = len(customer)
        chance = rng.random(count)
        household = self.household[customer]
        by_telephone = rng.random(count) < CALL_CENTRE_SHARE
        terminal = TERMINALS + np.where(by_telephone, world.cities, city).astype(np.int64)
        device = np.where((household >= 0) & (chance < HOUSEHOLD_USE), SHARED + household, own)
        return np.where(self.uses_terminal[customer] & (chance >= 1 - TERMINAL_USE), terminal, device)

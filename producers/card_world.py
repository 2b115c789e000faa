"""Customers, merchants and locations of the simulation."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from producers.categories import CATEGORIES, MEDIANS
from producers.randomness import generator_for

FAVOURITES = 8
EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True, kw_only=True)
class CardWorld:
    """Customers, merchants and cities of a simulated world, drawn once from the seed.

    Merchants are ordered by city, so that the merchants of city `c` are `city_first[c]` to
    `city_first[c + 1]`; the last "city" is the internet.

    Attributes
    ----------
    city_latitude, city_longitude : (cities,) float64
        Degrees.
    city_first : (cities + 2,) int64
        First merchant of each city, of the internet, and the end.
    merchant_category : (merchants,) int8
        Position in `CATEGORIES`.
    merchant_city : (merchants,) int32
    merchant_latitude, merchant_longitude : (merchants,) float64
        NaN on the internet.
    merchant_opens_ms : (merchants,) int64
        Time of the first possible transaction, milliseconds since 1970.
    merchant_before : (merchants,) int32
        Established merchant of the same category and city, which has the customers until then.
    home_city : (customers,) int32
    level : (customers,) float64
        Spending against the world's usual, 1 is usual.
    pace : (customers,) float64
        Transactions against the world's mean rate, 1 is the mean.
    peak_hour, hour_spread : (customers,) float64
        When the customer shops, hours UTC.
    uses_wallet : (customers,) bool
        Pays by phone in shops, so that payments in shops carry a device.
    device_days, device_age_days : (customers,) float64
        Lifetime of a phone of the customer, and the age of the present one at the start.
    favourites : (customers, FAVOURITES) int32
        Merchants the customer goes to again and again, the dearest first.
    """

    city_latitude: NDArray[np.float64]
    city_longitude: NDArray[np.float64]
    city_first: NDArray[np.int64]
    merchant_category: NDArray[np.int8]
    merchant_city: NDArray[np.int32]
    merchant_latitude: NDArray[np.float64]
    merchant_longitude: NDArray[np.float64]
    merchant_opens_ms: NDArray[np.int64]
    merchant_before: NDArray[np.int32]
    home_city: NDArray[np.int32]
    level: NDArray[np.float64]
    pace: NDArray[np.float64]
    peak_hour: NDArray[np.float64]
    hour_spread: NDArray[np.float64]
    uses_wallet: NDArray[np.bool_]
    device_days: NDArray[np.float64]
    device_age_days: NDArray[np.float64]
    favourites: NDArray[np.int32]

    @classmethod
    def build(
        cls, *, seed: int, customers: int, merchants: int, new_merchants: float, start_ms: int, end_ms: int
    ) -> Self:
        """Draw a world: the same numbers give the same world.

        Parameters
        ----------
        seed, customers, merchants
            As in `SimulationConfig`.
        new_merchants : float
            Share of the merchants that open between `start_ms` and `end_ms`.
        start_ms, end_ms : int
            The simulated time.
        """
        rng = generator_for(seed, "world")
        cities = int(np.clip(merchants // 25, 4, 60))
        popularity = 1.0 / np.arange(1, cities + 1) ** 0.8
        popularity /= popularity.sum()
        latitude, longitude = rng.uniform(37, 59, cities), rng.uniform(-8, 25, cities)
        category, city = _locate_merchants(rng, merchants, cities, popularity)
        home = rng.choice(cities, customers, p=popularity).astype(np.int32)
        first = np.searchsorted(city, np.arange(cities + 2))
        local = _pick(first, np.repeat(home[:, None], FAVOURITES, axis=1), rng)
        online = _pick(first, np.full((customers, FAVOURITES), cities, dtype=np.int32), rng)
        before = _established(category, city)
        opening = _draw_new(before, new_merchants, generator_for(seed, "new merchants"))
        return cls(
            city_latitude=latitude,
            city_longitude=longitude,
            city_first=first,
            merchant_category=category,
            merchant_city=city,
            merchant_latitude=np.append(latitude, np.nan)[city] + rng.normal(0, 0.04, merchants),
            merchant_longitude=np.append(longitude, np.nan)[city] + rng.normal(0, 0.06, merchants),
            merchant_opens_ms=start_ms + (opening * (end_ms - start_ms)).astype(np.int64),
            merchant_before=before,
            home_city=home,
            level=np.exp(rng.normal(0, 0.5, customers)),
            pace=rng.gamma(2.5, 1 / 2.5, customers),
            peak_hour=rng.normal(14.5, 3.0, customers),
            hour_spread=rng.uniform(2.0, 4.5, customers),
            uses_wallet=rng.random(customers) < 0.5,
            device_days=rng.uniform(250, 900, customers),
            device_age_days=rng.uniform(0, 900, customers),
            favourites=np.where(rng.random((customers, FAVOURITES)) < 0.25, online, local).astype(np.int32),
        )

    @property
    def customers(self) -> int:
        """Number of customers."""
        return len(self.home_city)

    @property
    def cities(self) -> int:
        """Number of cities, the internet not counted; also the internet's number."""
        return len(self.city_latitude)

    def pick_merchants(self, city: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
        """One merchant in each of the cities (n,); some merchants have many more customers than others."""
        return _pick(self.city_first, city, rng)

    def pick_online(self, count: int, rng: np.random.Generator) -> NDArray[np.int32]:
        """`count` merchants on the internet."""
        return self.pick_merchants(np.full(count, self.cities, dtype=np.int32), rng)

    def open_merchants(self, merchant: NDArray[np.int32], time_ms: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the merchants (n,), those not open yet replaced by the one that has their customers until then."""
        return np.where(time_ms < self.merchant_opens_ms[merchant], self.merchant_before[merchant], merchant)

    def neighbours(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return all customers (customers,), each city's in a row, in random order within it."""
        shuffled = rng.permutation(self.customers)
        return shuffled[np.argsort(self.home_city[shuffled], kind="stable")]

    def is_online(self, merchant: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether the merchants (n,) sell on the internet."""
        online: NDArray[np.bool_] = self.merchant_city[merchant] == self.cities
        return online

    def usual_amount(self, customer: NDArray[np.int32], merchant: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the median amount (n,), in major units, of a customer at a merchant."""
        usual: NDArray[np.float64] = MEDIANS[self.merchant_category[merchant]] * self.level[customer]
        return usual

    def city_distances_km(self) -> NDArray[np.float64]:
        """Great-circle distances (cities, cities) between the cities' centres."""
        return great_circle_km(
            self.city_latitude[:, None], self.city_longitude[:, None], self.city_latitude, self.city_longitude
        )


def great_circle_km(
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    other_latitude: NDArray[np.float64],
    other_longitude: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Great-circle distance between locations in degrees (haversine), broadcast; NaN where one is missing."""
    phi, other_phi = np.radians(latitude), np.radians(other_latitude)
    half_phi = (other_phi - phi) / 2
    half_lambda = np.radians(other_longitude - longitude) / 2
    chord = np.sin(half_phi) ** 2 + np.cos(phi) * np.cos(other_phi) * np.sin(half_lambda) ** 2
    distance: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord))
    return distance


def _locate_merchants(
    rng: np.random.Generator, merchants: int, cities: int, popularity: NDArray[np.float64]
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    shares = np.array([category.share for category in CATEGORIES])
    online = np.array([category.online for category in CATEGORIES])
    category = rng.choice(len(CATEGORIES), merchants, p=shares / shares.sum())
    # No city may be without a shop, nor the internet: customers and frauds pick there.
    category[:cities] = 0
    category[cities : cities + 3] = np.flatnonzero(online)
    city = rng.choice(cities, merchants, p=popularity)
    city[:cities] = np.arange(cities)
    city = np.where(online[category], cities, city)
    order = np.argsort(city, kind="stable")
    return category[order].astype(np.int8), city[order].astype(np.int32)


def _pick(first: NDArray[np.int64], city: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    size = first[city + 1] - first[city]
    picked: NDArray[np.int32] = (first[city] + size * rng.random(city.shape) ** 1.6).astype(np.int32)
    return picked


def _established(category: NDArray[np.int8], city: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the first merchant of each merchant's category and city, (merchants,)."""
    kind = city.astype(np.int64) * len(CATEGORIES) + category
    _, first, group = np.unique(kind, return_index=True, return_inverse=True)
    established: NDArray[np.int32] = first[group].astype(np.int32)
    return established


def _draw_new(established: NDArray[np.int32], share: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return when the merchants (n,) open, as a fraction of the simulated time; 0 for those open from the start."""
    opening = np.zeros(len(established))
    possible = np.flatnonzero(established != np.arange(len(established)))
    new = rng.choice(possible, min(round(share * len(established)), len(possible)), replace=False)
    opening[new] = rng.random(len(new))
    return opening

"""Genuine transactions of a simulation."""

from datetime import UTC

import numpy as np
from numpy.typing import NDArray

from producers.card_world import CardWorld
from producers.categories import SPREADS, TransactionType, category_code
from producers.devices import foreign_devices, own_devices
from producers.randomness import generator_for
from producers.rows import GENUINE, NO_DEVICE, Rows
from producers.rushes import Rushes
from producers.shared_devices import SharedDevices
from producers.simulation_config import SimulationConfig
from producers.trips import Trips
from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS

ERRAND_SHARE = 0.07
"""Share of the transactions that begin an errand: one to three more follow within the hour."""
WEEKDAY_WEIGHTS = np.array([0.9, 0.9, 0.95, 1.0, 1.2, 1.3, 0.8])


def genuine_rows(world: CardWorld, config: SimulationConfig) -> Rows:
    """Draw what the customers do themselves, in no order.

    They too travel, get new phones, share devices, run errands of several shops within the hour, rush to a sale,
    buy something large now and then, and seem elsewhere through a VPN: without it every fraud would stand out.
    """
    rng = generator_for(config.seed, "genuine")
    trips = Trips.draw(world, start_ms=config.start_ms, end_ms=config.end_ms, rng=rng)
    customer, time_ms = _when(world, config, rng)
    city, on_the_way = trips.whereabouts(world, customer, time_ms)
    merchant = world.open_merchants(_where(world, customer, city, on_the_way, rng), time_ms)
    index, merchant[index], price = _in_rushes(world, config, city, on_the_way, time_ms)
    amount = world.usual_amount(customer, merchant) * _amount_factors(world, merchant, rng)
    amount[index] = price
    kind = _kinds(world, merchant, amount, rng)
    latitude, longitude = _locations(world, merchant, city, rng)
    device = own_devices(world, customer, time_ms, config.start_ms, rng)
    _share_devices(world, config, customer, city, device, np.flatnonzero(kind == TransactionType.ONLINE))
    return Rows(
        customer=customer,
        merchant=merchant,
        kind=kind,
        amount=amount,
        device=np.where(_shows_device(world, customer, kind, rng), device, NO_DEVICE),
        latitude=latitude,
        longitude=longitude,
        time_ms=time_ms,
        scenario=np.full(len(customer), GENUINE, dtype=np.int8),
    )


def _when(
    world: CardWorld, config: SimulationConfig, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    rate = config.transactions_per_customer_day * config.days / (1 + 2 * ERRAND_SHARE)
    customer = np.repeat(np.arange(world.customers, dtype=np.int32), rng.poisson(world.pace * rate))
    weights = WEEKDAY_WEIGHTS[(config.start.weekday() + np.arange(config.days)) % 7]
    day = rng.choice(config.days, len(customer), p=weights / weights.sum())
    hour = rng.normal(world.peak_hour[customer], world.hour_spread[customer])
    hour = np.where(rng.random(len(hour)) < 0.04, rng.uniform(0, 24, len(hour)), hour)
    midnight = config.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    hour = (hour - (config.start - midnight).total_seconds() / 3_600) % 24
    time_ms = config.start_ms + day * DAY_MS + (hour * HOUR_MS).astype(np.int64)
    first = np.flatnonzero(rng.random(len(customer)) < ERRAND_SHARE)
    first = np.repeat(first, rng.integers(1, 4, len(first)))
    later = time_ms[first] + (rng.uniform(2, 55, len(first)) * MINUTE_MS).astype(np.int64)
    customer, time_ms = np.append(customer, customer[first]), np.append(time_ms, later)
    inside = time_ms < config.end_ms
    return customer[inside], time_ms[inside]


def _where(
    world: CardWorld,
    customer: NDArray[np.int32],
    city: NDArray[np.int32],
    on_the_way: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    count = len(customer)
    rank = (world.favourites.shape[1] * rng.random(count) ** 1.7).astype(np.int64)
    favourite = world.favourites[customer, rank]
    nearby = world.pick_merchants(city, rng)
    online = world.pick_online(count, rng)
    reachable = world.is_online(favourite) | (city == world.home_city[customer])
    habit = rng.random(count)
    merchant = np.where((habit < 0.75) & reachable, favourite, nearby)
    # No customer shops in a city while flying to it: no genuine journey is faster than a plane.
    return np.where(on_the_way | (habit > 0.95), online, merchant)


def _in_rushes(
    world: CardWorld,
    config: SimulationConfig,
    city: NDArray[np.int32],
    on_the_way: NDArray[np.bool_],
    time_ms: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]:
    """Draw purchases that are made in a rush instead: their indices, merchants and amounts."""
    rng = generator_for(config.seed, "rushes")
    rushes = Rushes.draw(world, config, rng)
    index, rush = rushes.joined(world, city, on_the_way, time_ms, rng)
    return index, rushes.merchant[rush], rushes.amounts(rush, rng)


def _amount_factors(world: CardWorld, merchant: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.float64]:
    factor: NDArray[np.float64] = np.exp(rng.normal(0, SPREADS[world.merchant_category[merchant]]))
    large = rng.random(len(merchant)) < 0.01
    return np.where(large, factor * np.exp(rng.normal(1.3, 0.4, len(merchant))), factor)


def _kinds(
    world: CardWorld, merchant: NDArray[np.int32], amount: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int8]:
    category = world.merchant_category[merchant]
    tapped = rng.random(len(merchant)) < np.where(amount < 50, 0.75, 0.25)
    kind = np.where(tapped, TransactionType.CONTACTLESS, TransactionType.PURCHASE)
    kind = np.where(world.is_online(merchant), TransactionType.ONLINE, kind)
    subscribed = (category == category_code("subscription")) & (rng.random(len(merchant)) < 0.7)
    kind = np.where(subscribed, TransactionType.RECURRING, kind)
    kind = np.where(category == category_code("cash"), TransactionType.CASH_WITHDRAWAL, kind)
    return kind.astype(np.int8)


def _locations(
    world: CardWorld, merchant: NDArray[np.int32], city: NDArray[np.int32], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the locations: the shop's, or on the internet the network address's, if known."""
    count = len(merchant)
    elsewhere = rng.integers(0, world.cities, count)
    seen = np.where(rng.random(count) < 0.01, elsewhere, city)
    online = world.is_online(merchant)
    latitude = np.where(online, world.city_latitude[seen], world.merchant_latitude[merchant])
    longitude = np.where(online, world.city_longitude[seen], world.merchant_longitude[merchant])
    missing = rng.random(count) < np.where(online, 0.5, 0.03)
    return np.where(missing, np.nan, latitude), np.where(missing, np.nan, longitude)


def _share_devices(
    world: CardWorld,
    config: SimulationConfig,
    customer: NDArray[np.int32],
    city: NDArray[np.int32],
    device: NDArray[np.int64],
    online: NDArray[np.intp],
) -> None:
    """Replace some devices (n,) of the purchases with the indices `online` by shared ones and by fresh ones."""
    rng = generator_for(config.seed, "shared devices")
    shared = SharedDevices.draw(
        world, household_share=config.household_share, terminal_share=config.terminal_share, rng=rng
    )
    device[online] = shared.online_devices(world, customer[online], city[online], device[online], rng)
    fresh = online[rng.random(len(online)) < config.fresh_device_share]
    device[fresh] = foreign_devices(len(fresh), rng)


def _shows_device(
    world: CardWorld, customer: NDArray[np.int32], kind: NDArray[np.int8], rng: np.random.Generator
) -> NDArray[np.bool_]:
    by_phone = (kind == TransactionType.CONTACTLESS) & world.uses_wallet[customer]
    known: NDArray[np.bool_] = rng.random(len(customer)) >= 0.04
    known &= (kind == TransactionType.ONLINE) | by_phone
    return known

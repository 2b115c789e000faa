"""Purchases on a marketplace, with sellers who buy from themselves and with taken-over accounts of buyers."""

import numpy as np
from numpy.typing import NDArray

from examples.event_rows import DAY_S, START, Columns, bursts, moments, money, named, of_each, together, write_events

BUYERS, SELLERS = 1_200, 250
CATEGORIES = np.array(["books", "clothing", "electronics", "garden", "gift_cards", "toys"])
MEANS = np.array(["card", "invoice", "wallet"])


def purchases(rng: np.random.Generator, scale: int) -> Columns:
    """Make purchases of buyers with a device of their own, at home or on the networks that many share."""
    buyers, sellers = BUYERS * scale, SELLERS * scale
    usual = rng.lognormal(3.4, 0.6, buyers)
    joined = START - (rng.exponential(400, buyers) * DAY_S).astype("timedelta64[s]")
    genuine = _genuine(rng, rng.integers(buyers, size=20 * buyers), sellers, usual, joined)
    return together(
        rng,
        "bought_at",
        genuine=[genuine, _recommended(rng, buyers, sellers, 30 * scale)],
        frauds=[_own_sales(rng, 2 * buyers, sellers, 20 * scale), _taken_over(rng, joined, sellers, 20 * scale)],
    )


def _genuine(
    rng: np.random.Generator,
    buyer: NDArray[np.int64],
    sellers: int,
    usual: NDArray[np.float64],
    joined: NDArray[np.datetime64],
) -> Columns:
    n = len(buyer)
    shared = rng.random(n) < 0.1  # a university, a mobile operator: many buyers, one address
    away = rng.random(n) < 0.05
    seller = np.minimum(rng.zipf(1.3, n) - 1, sellers - 1)
    return {
        "buyer": named("b", buyer),
        **_of(seller),
        "means": rng.choice(MEANS, n, p=[0.5, 0.2, 0.3]),
        "total": money(rng, usual[buyer], n),
        "device": named("d", np.where(away, rng.integers(10**9, size=n), buyer)),
        "ip": np.where(shared, named("campus", rng.integers(15, size=n)), named("home", buyer)),
        "ship_km": np.round(rng.gamma(2, 15, n), 1),
        "joined_at": joined[buyer],
        "bought_at": moments(rng, n),
    }


def _recommended(rng: np.random.Generator, buyers: int, sellers: int, times_so: int) -> Columns:
    """Join and buy where a friend on the same network did: new buyers of one seller at one address."""
    group, times = bursts(rng, times_so, size=9, hours=60)
    n = len(group)
    return {
        "buyer": named("b", buyers + rng.permutation(n)),
        **_of(of_each(rng, group, sellers)),
        "means": rng.choice(MEANS, n, p=[0.6, 0.1, 0.3]),
        "total": money(rng, 45.0, n),
        "device": named("d", buyers + np.arange(n)),
        "ip": named("campus", of_each(rng, group, 15)),
        "ship_km": np.round(rng.gamma(2, 15, n), 1),
        "joined_at": times - (rng.random(n) * 3 * DAY_S).astype("timedelta64[s]"),
        "bought_at": times,
    }


def _own_sales(rng: np.random.Generator, buyers: int, sellers: int, attacks: int) -> Columns:
    """Let a seller buy from himself with stolen cards and new accounts, which share some devices and an address."""
    attack, times = bursts(rng, attacks, size=15, hours=36)
    n = len(attack)
    return {
        "buyer": named("b", buyers + rng.permutation(n)),
        **_of(of_each(rng, attack, sellers)),
        "means": np.full(n, "card"),
        "total": money(rng, 60.0, n),
        "device": named("d", 10**9 + 6 * attack + rng.integers(6, size=n)),
        "ip": np.where(attack % 3 == 0, named("campus", attack % 15), named("ring", attack)),
        "ship_km": np.round(rng.gamma(2, 15, n), 1),
        "joined_at": times - (rng.random(n) * 3 * DAY_S).astype("timedelta64[s]"),
        "bought_at": times,
    }


def _taken_over(rng: np.random.Generator, joined: NDArray[np.datetime64], sellers: int, attacks: int) -> Columns:
    """Buy goods that sell well, from accounts of others, on a few devices."""
    attack, times = bursts(rng, attacks, size=8, hours=8)
    n = len(attack)
    buyer = rng.integers(len(joined), size=n)
    seller = rng.integers(sellers // len(CATEGORIES), size=n) * len(CATEGORIES)
    return {
        "buyer": named("b", buyer),
        **_of(seller + rng.choice([2, 4], n)),
        "means": np.full(n, "wallet"),
        "total": money(rng, 90.0, n),
        "device": named("d", 2 * 10**9 + 4 * attack + rng.integers(4, size=n)),
        "ip": np.where(rng.random(n) < 0.3, named("campus", attack % 15), named("vpn", attack // 2)),
        "ship_km": np.round(rng.gamma(4, 60, n), 1),
        "joined_at": joined[buyer],
        "bought_at": times,
    }


def _of(seller: NDArray[np.int64]) -> dict[str, NDArray[np.str_]]:
    return {"seller": named("s", seller), "category": CATEGORIES[seller % len(CATEGORIES)]}


if __name__ == "__main__":
    write_events("purchases.csv", purchases)

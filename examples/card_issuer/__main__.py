"""Authorisations of a card issuer, with attacks that guess card numbers and with counterfeit cards used abroad."""

import numpy as np
from numpy.typing import NDArray

from examples.event_rows import Columns, bursts, moments, money, named, of_each, together, write_events

CARDS, SHOPS, BINS = 900, 300, 12
COUNTRIES = np.array(["DE", "FR", "IT", "NL", "ES"])
FAR = np.array(["BR", "TH", "US", "ZA"])
CATEGORIES = np.array(["5411", "5541", "5812", "5732", "4111", "5999"])


def authorisations(rng: np.random.Generator, scale: int) -> Columns:
    """Make authorisations of cards that pay in a few shops of their own."""
    cards = CARDS * scale
    home, usual = rng.integers(len(COUNTRIES), size=cards), rng.lognormal(3.3, 0.7, cards)
    shops = rng.integers(SHOPS * scale, size=(cards, 12))
    genuine = _genuine(rng, rng.integers(cards, size=27 * cards), home, usual, shops)
    return together(
        rng,
        "authorised_at",
        genuine=[genuine, _retried(rng, cards, 30 * scale), _on_a_journey(rng, cards, 80 * scale)],
        frauds=[_guessed(rng, cards, 20 * scale), _counterfeit(rng, cards, 50 * scale)],
    )


def _genuine(
    rng: np.random.Generator,
    card: NDArray[np.int64],
    home: NDArray[np.int64],
    usual: NDArray[np.float64],
    shops: NDArray[np.int64],
) -> Columns:
    n = len(card)
    online = rng.random(n) < 0.35
    travels = rng.random(n) < 0.03
    return {
        **_at(card, shops[card, rng.integers(shops.shape[1], size=n)]),
        "country": np.where(travels, rng.choice(FAR, n), COUNTRIES[home[card]]),
        "entry_mode": np.where(online, "online", rng.choice(["chip", "contactless", "stripe"], n, p=[0.4, 0.55, 0.05])),
        "three_ds": np.where(online, rng.choice(["challenged", "frictionless", "none"], n, p=[0.2, 0.6, 0.2]), "none"),
        "approved": (rng.random(n) < 0.96).astype(np.int8),
        "amount": money(rng, usual[card], n),
        "authorised_at": moments(rng, n),
    }


def _retried(rng: np.random.Generator, cards: int, times_out: int) -> Columns:
    """Try again at a vending machine that is offline: many small payments of one shop are declined, as in an attack."""
    outage, times = bursts(rng, times_out, size=12, hours=2)
    n = len(outage)
    return {
        **_at(rng.integers(cards, size=n), of_each(rng, outage, SHOPS)),
        "country": of_each(rng, outage, COUNTRIES),
        "entry_mode": rng.choice(["contactless", "online"], n),
        "three_ds": np.full(n, "none"),
        "approved": (rng.random(n) < 0.5).astype(np.int8),
        "amount": np.round(rng.uniform(1, 6, n), 2),
        "authorised_at": times,
    }


def _on_a_journey(rng: np.random.Generator, cards: int, journeys: int) -> Columns:
    """Pay abroad, at times by the stripe, as with a copied card."""
    journey, times = bursts(rng, journeys, size=5, hours=24)
    n = len(journey)
    return {
        **_at(of_each(rng, journey, cards), rng.integers(SHOPS, size=n)),
        "country": of_each(rng, journey, FAR),
        "entry_mode": rng.choice(["chip", "stripe", "online"], n, p=[0.3, 0.5, 0.2]),
        "three_ds": np.full(n, "none"),
        "approved": (rng.random(n) < 0.9).astype(np.int8),
        "amount": money(rng, 70.0, n),
        "authorised_at": times,
    }


def _guessed(rng: np.random.Generator, cards: int, attacks: int) -> Columns:
    """Guess numbers of one BIN's cards at one shop, with small amounts: most are declined."""
    attack, times = bursts(rng, attacks, size=16, hours=1)
    bins, shop = of_each(rng, attack, BINS), of_each(rng, attack, SHOPS)
    n = len(attack)
    card = rng.integers(cards // BINS, size=n) * BINS + bins
    return {
        **_at(card, shop),
        "country": of_each(rng, attack, COUNTRIES),
        "entry_mode": np.full(n, "online"),
        "three_ds": np.full(n, "none"),
        "approved": (rng.random(n) < 0.25).astype(np.int8),
        "amount": np.round(rng.uniform(0.5, 4.5, n), 2),
        "authorised_at": times,
    }


def _counterfeit(rng: np.random.Generator, cards: int, attacks: int) -> Columns:
    """Empty a copied card abroad, by its stripe."""
    attack, times = bursts(rng, attacks, size=4, hours=5)
    card, country = of_each(rng, attack, cards), of_each(rng, attack, FAR)
    n = len(attack)
    return {
        **_at(card, rng.integers(SHOPS, size=n)),
        "country": country,
        "entry_mode": rng.choice(["stripe", "online", "chip"], n, p=[0.6, 0.3, 0.1]),
        "three_ds": np.full(n, "none"),
        "approved": (rng.random(n) < 0.8).astype(np.int8),
        "amount": money(rng, 140.0, n),
        "authorised_at": times,
    }


def _at(card: NDArray[np.int64], shop: NDArray[np.int64]) -> dict[str, NDArray[np.str_]]:
    return {
        "card": named("card", card),
        "bin": named("bin", card % BINS),
        "shop": named("shop", shop),
        "mcc": CATEGORIES[shop % len(CATEGORIES)],
    }


if __name__ == "__main__":
    write_events("authorisations.csv", authorisations)

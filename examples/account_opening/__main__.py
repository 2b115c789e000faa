"""Applications for accounts, with rings that open many in invented names."""

import numpy as np

from examples.event_rows import Columns, bursts, moments, named, of_each, together, write_events

APPLICATIONS, PARTNERS, STREETS, RING = 16_000, 40, 3_000, 14
PRODUCTS = np.array(["credit_card", "current_account", "instalment_loan"])
MAIL_DOMAINS = np.array(["mail.example", "post.example", "quick.example", "work.example"])


def applications(rng: np.random.Generator, scale: int) -> Columns:
    """Make applications, each of another person; households and offices share phones, addresses and networks."""
    people = APPLICATIONS * scale
    dormitories = 30 * scale
    return together(
        rng,
        "applied_at",
        genuine=[_genuine(rng, people), _in_dormitories(rng, people, dormitories)],
        frauds=[_ring(rng, 2 * people, 26 * scale)],
    )


def _genuine(rng: np.random.Generator, n: int) -> Columns:
    person = np.arange(n)
    household = np.where(rng.random(n) < 0.15, person // 2, person)
    office = rng.random(n) < 0.08
    return {
        "applicant": named("p", person),
        "product": rng.choice(PRODUCTS, n, p=[0.4, 0.4, 0.2]),
        "partner": named("partner", rng.integers(PARTNERS, size=n)),
        "limit": np.round(rng.lognormal(7.2, 0.7, n), -2) + 100,
        "phone": named("t", household),
        "street": named("street", rng.integers(n * STREETS // APPLICATIONS, size=n)),
        "ip": np.where(office, named("office", rng.integers(60, size=n)), named("home", household)),
        "device": named("d", household),
        "mail_domain": rng.choice(MAIL_DOMAINS, n, p=[0.45, 0.35, 0.05, 0.15]),
        "mail_created_at": np.datetime64("2026-01-01") - rng.integers(30, 4_000, n).astype("timedelta64[D]"),
        "applied_at": moments(rng, n),
    }


def _in_dormitories(rng: np.random.Generator, people: int, houses: int) -> Columns:
    """Apply at the begin of a term: students of one house, on its network, many with a new mail address."""
    house, times = bursts(rng, houses, size=14, hours=48)
    n = len(house)
    return {
        "applicant": named("p", people + np.arange(n)),
        "product": rng.choice(PRODUCTS[:2], n, p=[0.3, 0.7]),
        "partner": named("partner", of_each(rng, house, PARTNERS)),
        "limit": np.round(rng.lognormal(6.8, 0.6, n), -2) + 100,
        "phone": named("t", people + np.arange(n)),
        "street": named("street", of_each(rng, house, STREETS)),
        "ip": named("house", house),
        "device": named("d", people + np.arange(n)),
        "mail_domain": rng.choice(MAIL_DOMAINS, n, p=[0.5, 0.3, 0.15, 0.05]),
        "mail_created_at": (times - rng.integers(1, 400, n).astype("timedelta64[D]")).astype("datetime64[D]"),
        "applied_at": times,
    }


def _ring(rng: np.random.Generator, people: int, attacks: int) -> Columns:
    """Apply in invented names that share phones, devices and a street, within two days; clever rings share less."""
    attack, times = bursts(rng, attacks, size=RING, hours=48)
    n = len(attack)
    shared = rng.integers(RING, size=n) % (3 + 5 * (attack % 3))
    return {
        "applicant": named("p", people + np.arange(n)),
        "product": rng.choice(PRODUCTS[[0, 2]], n),
        "partner": named("partner", of_each(rng, attack, PARTNERS)),
        "limit": np.round(rng.lognormal(7.8, 0.5, n), -2) + 100,
        "phone": named("ring-t", RING * attack + shared),
        "street": named("street", of_each(rng, attack, STREETS)),
        "ip": named("ring", RING * attack + shared),
        "device": named("ring-d", RING * attack + shared),
        "mail_domain": rng.choice(MAIL_DOMAINS, n, p=[0.3, 0.2, 0.5, 0.0]),
        "mail_created_at": (times - rng.integers(1, 60, n).astype("timedelta64[D]")).astype("datetime64[D]"),
        "applied_at": times,
    }


if __name__ == "__main__":
    write_events("applications.csv", applications)

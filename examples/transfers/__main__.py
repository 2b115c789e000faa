"""Transfers from account to account, with mules who collect what victims are made to send."""

import numpy as np
from numpy.typing import NDArray

from examples.event_rows import Columns, bursts, moments, money, named, of_each, together, write_events

ACCOUNTS, COMPANIES, BANKS = 1_000, 80, 25
PURPOSES = np.array(["family", "goods", "rent", "services"])


def transfers(rng: np.random.Generator, scale: int) -> Columns:
    """Make transfers of accounts that pay a few others again and again, and at times a new one."""
    accounts = ACCOUNTS * scale
    usual, payees = rng.lognormal(4.2, 0.7, accounts), rng.integers(accounts + COMPANIES * scale, size=(accounts, 8))
    genuine = _genuine(rng, rng.integers(accounts, size=24 * accounts), usual, payees)
    return together(
        rng,
        "sent_at",
        genuine=[genuine, _collected(rng, usual, 40 * scale), _moved_house(rng, usual, 60 * scale)],
        frauds=[_to_mules(rng, usual, 36 * scale), _emptied(rng, accounts, 50 * scale)],
    )


def _genuine(
    rng: np.random.Generator, sender: NDArray[np.int64], usual: NDArray[np.float64], payees: NDArray[np.int64]
) -> Columns:
    n = len(sender)
    is_new = rng.random(n) < 0.06
    known = payees[sender, rng.integers(payees.shape[1], size=n)]
    return {
        "from_account": named("acc", sender),
        **_to(np.where(is_new, rng.integers(payees.max(), size=n), known)),
        "channel": rng.choice(["app", "web", "branch"], n, p=[0.7, 0.25, 0.05]),
        "purpose": rng.choice(PURPOSES, n),
        "amount": money(rng, usual[sender], n),
        "session_device": named("d", np.where(rng.random(n) < 0.04, rng.integers(10**9, size=n), sender)),
        "balance_share": np.round(rng.beta(1.2, 9, n), 3),
        "sent_at": moments(rng, n),
    }


def _collected(rng: np.random.Generator, usual: NDArray[np.float64], collections: int) -> Columns:
    """Send to somebody who collects for a present or a journey: many pay a new account within a day, as with a mule."""
    collection, times = bursts(rng, collections, size=10, hours=20)
    n = len(collection)
    sender = rng.integers(len(usual), size=n)
    return {
        "from_account": named("acc", sender),
        **_to(of_each(rng, collection, len(usual))),
        "channel": rng.choice(["app", "web"], n, p=[0.7, 0.3]),
        "purpose": rng.choice(PURPOSES, n),
        "amount": money(rng, 0.8 * usual[sender], n),
        "session_device": named("d", sender),
        "balance_share": np.round(rng.beta(1.5, 6, n), 3),
        "sent_at": times,
    }


def _moved_house(rng: np.random.Generator, usual: NDArray[np.float64], moves: int) -> Columns:
    """Pay large shares of a balance to new payees, from a device that may be new."""
    move, times = bursts(rng, moves, size=3, hours=10)
    n = len(move)
    sender = of_each(rng, move, len(usual))
    return {
        "from_account": named("acc", sender),
        **_to(len(usual) + rng.integers(COMPANIES, size=n)),
        "channel": rng.choice(["app", "web"], n, p=[0.4, 0.6]),
        "purpose": PURPOSES[rng.integers(1, 4, n)],
        "amount": money(rng, 4 * usual[sender], n),
        "session_device": named("d", np.where(move % 4 == 0, 10**8 + move, sender)),
        "balance_share": np.round(rng.beta(4, 3, n), 3),
        "sent_at": times,
    }


def _to_mules(rng: np.random.Generator, usual: NDArray[np.float64], attacks: int) -> Columns:
    """Make victims send money to one account, from their own devices: nothing but the payee is unusual."""
    attack, times = bursts(rng, attacks, size=10, hours=14)
    n = len(attack)
    sender = rng.integers(len(usual), size=n)
    return {
        "from_account": named("acc", sender),
        **_to(10**8 + attack),
        "channel": rng.choice(["app", "web"], n, p=[0.7, 0.3]),
        "purpose": PURPOSES[rng.integers(1, 4, n)],
        "amount": money(rng, 2.5 * usual[sender], n),
        "session_device": named("d", sender),
        "balance_share": np.round(rng.beta(3, 5, n), 3),
        "sent_at": times,
    }


def _emptied(rng: np.random.Generator, accounts: int, attacks: int) -> Columns:
    """Empty an account with stolen credentials, in some transfers to new payees, on a device of the thief."""
    attack, times = bursts(rng, attacks, size=3, hours=1)
    n = len(attack)
    return {
        "from_account": named("acc", of_each(rng, attack, accounts)),
        **_to(2 * 10**8 + rng.integers(10**6, size=n)),
        "channel": np.full(n, "web"),
        "purpose": rng.choice(PURPOSES, n),
        "amount": money(rng, 400.0, n),
        "session_device": named("d", 10**9 + attack),
        "balance_share": np.round(rng.beta(5, 2, n), 3),
        "sent_at": times,
    }


def _to(payee: NDArray[np.int64]) -> dict[str, NDArray[np.str_]]:
    return {"to_account": named("acc", payee), "to_bank": named("bank", payee % BANKS)}


if __name__ == "__main__":
    write_events("transfers.csv", transfers)

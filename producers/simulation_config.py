"""Settings of the simulator."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from producers.scenarios import SCENARIO_NAMES
from schemas.errors import UserError

T = TypeVar("T")

DEFAULT_START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday at midnight: fixed, so that a seed alone gives the same file on every day."""


class Drift(StrEnum):
    """Change of the card world at `SimulationConfig.drift_at`."""

    AMOUNT_INFLATION = "amount_inflation"
    NEW_FRAUD_PATTERN = "new_fraud_pattern"
    CATEGORY_SHIFT = "category_shift"


@dataclass(frozen=True, kw_only=True)
class SimulationConfig:
    """Settings of one simulated card world.

    Parameters
    ----------
    seed : int
        Everything random follows from it: the same settings give the same table, row by row. Two seeds share
        no transaction, customer, merchant or device id.
    customers, merchants : int
        Size of the world.
    days : int
        Simulated time, from `start` on.
    start : datetime
        First possible event time, with a time zone.
    transactions_per_customer_day : float
        Mean over the customers; each customer has a rate of its own.
    fraud_rate : float
        Share of frauds among all transactions (the pattern that drift adds comes on top of it).
    scenario : str or None
        Only frauds of this kind, `fraud_rate` of them; one of `SCENARIO_NAMES`. None mixes all kinds.
    scenario_weights : mapping of str to float, optional
        Frauds of each scenario, relative to their sum; scenarios left out do not occur. None is `SCENARIOS`.
    household_share : float
        Share of the customers who share a device at home with up to four others.
    terminal_share : float
        Share of the customers who buy on public terminals and by telephone.
    fresh_device_share : float
        Share of the genuine online purchases from a device that is used once: borrowed, or private browsing.
    rushes_per_day : float
        Flash sales of honest merchants in the whole world.
    new_merchant_share : float
        Share of the merchants that open during the simulated time.
    label_delay_days : float
        Mean time from the transaction to the moment its label is known.
    label_delay_spread : float
        A single delay is within `label_delay_days * (1 +- label_delay_spread)`.
    drift : Drift or str or None
        Change at `drift_at`.
    drift_at : datetime or None
        When it begins; nothing before it differs from the same simulation without drift.
    run : str
        Part of the transaction ids, next to the seed: a second run over the same customers needs another.

    Raises
    ------
    UserError
        A value is outside its range.
    """

    seed: int
    customers: int = 5_000
    merchants: int = 2_000
    days: int = 30
    start: datetime = DEFAULT_START
    transactions_per_customer_day: float = 3.0
    fraud_rate: float = 0.01
    scenario: str | None = None
    scenario_weights: Mapping[str, float] | None = None
    household_share: float = 0.4
    terminal_share: float = 0.2
    fresh_device_share: float = 0.03
    rushes_per_day: float = 1.0
    new_merchant_share: float = 0.05
    label_delay_days: float = 7.0
    label_delay_spread: float = 0.4
    drift: Drift | str | None = None
    drift_at: datetime | None = None
    run: str = ""

    def __post_init__(self) -> None:
        self._check_ranges()
        self._check_scenario()
        self._check_times()

    def _check_ranges(self) -> None:
        _check("seed", self.seed, lambda v: v >= 0, "a whole number from 0 on")
        _check("customers", self.customers, lambda v: v >= 10, "at least 10 customers")
        _check("merchants", self.merchants, lambda v: v >= 100, "at least 100 merchants")
        _check("days", self.days, lambda v: 1 <= v <= 3_650, "1 to 3650 days")
        rate = self.transactions_per_customer_day
        _check("transactions_per_customer_day", rate, lambda v: 0 < v <= 500, "above 0, at most 500")
        _check("fraud_rate", self.fraud_rate, lambda v: 0 <= v <= 0.2, "a share from 0 to 0.2")
        for name in ("household_share", "terminal_share", "fresh_device_share", "new_merchant_share"):
            _check(name, getattr(self, name), lambda v: 0 <= v <= 1, "a share from 0 to 1")
        _check("rushes_per_day", self.rushes_per_day, lambda v: 0 <= v <= 24, "from 0 to 24")
        _check("label_delay_days", self.label_delay_days, lambda v: 0 <= v <= 365, "0 to 365 days")
        _check("label_delay_spread", self.label_delay_spread, lambda v: 0 <= v <= 1, "a share from 0 to 1")

    def _check_weights(self, weights: Mapping[str, float]) -> None:
        expected = f"weights from 0 on, not all 0, of {', '.join(SCENARIO_NAMES)}"
        known = set(weights) <= set(SCENARIO_NAMES)
        positive = all(0 <= weight < math.inf for weight in weights.values()) and sum(weights.values()) > 0
        _check("scenario_weights", dict(weights), lambda _: known and positive, expected)
        if self.scenario is not None:
            raise UserError(
                f"Expected scenario or scenario_weights, got both: {self.scenario} and {dict(weights)}. Leave one out."
            )

    def _check_scenario(self) -> None:
        if self.scenario_weights is not None:
            self._check_weights(self.scenario_weights)
        if self.scenario is None:
            return
        _check("scenario", self.scenario, lambda v: v in SCENARIO_NAMES, f"one of {', '.join(SCENARIO_NAMES)}")
        if self.drift == Drift.NEW_FRAUD_PATTERN:
            raise UserError(
                f"Expected no scenario with the drift {self.drift}, which adds a kind of fraud, "
                f"got {self.scenario}. Leave one out."
            )

    def _check_times(self) -> None:
        _check("start", self.start, lambda v: v.tzinfo is not None, "a time with a time zone, as ...+00:00")
        names = [drift.value for drift in Drift]
        if self.drift is not None:
            _check("drift", self.drift, lambda v: v in names, f"one of {', '.join(names)}")
            object.__setattr__(self, "drift", Drift(self.drift))
        if (self.drift is None) != (self.drift_at is None):
            raise UserError(
                f"Expected drift and drift_at together, got drift={self.drift}, drift_at={self.drift_at}. "
                "Give both, or neither."
            )
        if self.drift_at is not None:
            _check("drift_at", self.drift_at, lambda v: v.tzinfo is not None, "a time with a time zone")
            inside = f"a time from {self.start.isoformat()} to before {self.end.isoformat()}"
            _check("drift_at", self.drift_at, lambda v: self.start <= v < self.end, inside)

    @property
    def end(self) -> datetime:
        """The first moment after the simulated time."""
        return self.start + timedelta(days=self.days)

    @property
    def start_ms(self) -> int:
        """`start` in milliseconds since 1970."""
        return epoch_ms(self.start)

    @property
    def end_ms(self) -> int:
        """`end` in milliseconds since 1970."""
        return epoch_ms(self.end)


def epoch_ms(time: datetime) -> int:
    """Milliseconds since 1970 of an aware time, exact (a float of seconds would not be)."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _check(name: str, value: T, holds: Callable[[T], bool], expected: str) -> None:
    if not holds(value):
        raise UserError(f"Expected {name} to be {expected}, got {value}. Change {name}.")

"""Fraud scenarios of the simulator."""

from producers.scenarios.account_takeover import account_takeover
from producers.scenarios.card_testing import card_testing
from producers.scenarios.compromised_merchant import compromised_merchant
from producers.scenarios.fraud_ring import fraud_ring
from producers.scenarios.gift_cards import gift_cards
from producers.scenarios.impossible_travel import impossible_travel
from producers.scenarios.low_and_slow import low_and_slow
from producers.scenarios.merchant_attack import merchant_attack
from producers.scenarios.scene import Scenario
from producers.scenarios.stolen_card_spree import stolen_card_spree

SCENARIOS: tuple[tuple[Scenario, float], ...] = (
    (card_testing, 0.31),
    (stolen_card_spree, 0.17),
    (account_takeover, 0.19),
    (impossible_travel, 0.12),
    (compromised_merchant, 0.05),
    (low_and_slow, 0.04),
    (fraud_ring, 0.06),
    (merchant_attack, 0.06),
)
"""The scenarios and their shares of the fraudulent transactions."""

NEW_PATTERN: Scenario = gift_cards
"""Played only from a drift on."""

SCENARIO_NAMES: tuple[str, ...] = (*(play.__name__ for play, _ in SCENARIOS), NEW_PATTERN.__name__)


def scenario_named(name: str) -> Scenario:
    """Find the scenario of a name in `SCENARIO_NAMES`."""
    return next(play for play in (*(play for play, _ in SCENARIOS), NEW_PATTERN) if play.__name__ == name)


__all__ = ["NEW_PATTERN", "SCENARIOS", "SCENARIO_NAMES", "Scenario", "scenario_named"]

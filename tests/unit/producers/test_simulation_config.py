"""Settings of the simulator."""

from datetime import UTC, datetime

import pytest

from producers.simulation_config import SimulationConfig
from schemas.errors import UserError

NINTH = datetime(2026, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fraud_rate": 1.5}, "Expected fraud_rate to be a share from 0 to 0.2, got 1.5. Change fraud_rate."),
        ({"customers": 0}, "at least 10 customers"),
        ({"days": 0}, "1 to 3650 days"),
        ({"start": datetime(2026, 1, 1)}, "with a time zone"),  # noqa: DTZ001
        ({"drift": "inflation", "drift_at": NINTH}, "one of amount_inflation"),
        ({"scenario": "phishing"}, "Expected scenario to be one of card_testing, "),
        (
            {
                "scenario": "gift_cards",
                "drift": "new_fraud_pattern",
                "drift_at": NINTH,
            },
            "got gift_cards. Leave one out",
        ),
        (
            {"scenario_weights": {"phishing": 1.0}},
            "Expected scenario_weights to be weights from 0 on, not all 0, of card_",
        ),
        ({"scenario_weights": {}}, "not all 0"),
        ({"scenario_weights": {"fraud_ring": 0.0}}, "not all 0"),
        ({"scenario_weights": {"fraud_ring": -1.0, "gift_cards": 2.0}}, "weights from 0 on"),
        ({"scenario_weights": {"fraud_ring": float("nan")}}, "weights from 0 on"),
        ({"scenario_weights": {"fraud_ring": 1.0}, "scenario": "gift_cards"}, "got both: gift_cards and"),
        ({"household_share": 1.1}, "Expected household_share to be a share from 0 to 1"),
        ({"terminal_share": -0.1}, "Expected terminal_share to be a share from 0 to 1"),
        ({"new_merchant_share": float("nan")}, "Expected new_merchant_share to be a share from 0 to 1"),
        ({"rushes_per_day": 25}, "Expected rushes_per_day to be from 0 to 24"),
        ({"drift": "category_shift"}, "drift and drift_at together"),
        ({"drift": "category_shift", "drift_at": datetime(2020, 1, 1, tzinfo=UTC)}, "a time from 2026"),
    ],
)
def test_a_wrong_setting_says_expected_got_and_what_to_do(settings, message):
    with pytest.raises(UserError) as caught:
        SimulationConfig(seed=1, **settings)
    assert message in str(caught.value)

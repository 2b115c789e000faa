from datetime import UTC, datetime

import pytest

from producers.simulation_config import SimulationConfig, SimulationConfigError

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
            "was gift_cards. Leave one out",
        ),
        ({"drift": "category_shift"}, "drift and drift_at together"),
        ({"drift": "category_shift", "drift_at": datetime(2020, 1, 1, tzinfo=UTC)}, "a time from 2026"),
    ],
)
def test_a_wrong_setting_says_expected_was_and_what_to_do(settings, message):
    with pytest.raises(SimulationConfigError) as caught:
        SimulationConfig(seed=1, **settings)
    assert message in str(caught.value)

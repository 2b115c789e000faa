"""Fraud scenarios."""

import numpy as np
import pandas as pd
import pytest

from producers.card_world import great_circle_km
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def frame(table) -> pd.DataFrame:
    return table.to_pandas()


def attacks(frame: pd.DataFrame, scenario: str, apart: pd.Timedelta) -> pd.DataFrame:
    """Return the rows of one scenario with the number of each attack; a pause of `apart` starts another."""
    rows = frame[frame.scenario == scenario].sort_values(["customer_id", "event_time"], kind="stable")
    pause = rows.groupby("customer_id").event_time.diff()
    return rows.assign(attack=(pause.isna() | (pause > apart)).cumsum(), pause=pause)


def usual(frame: pd.DataFrame) -> pd.Series:
    return frame[~frame.is_fraud].groupby("customer_id").amount_minor.median()


def test_card_testing_is_a_burst_of_small_amounts_then_a_large_one(frame):
    rows = attacks(frame, "card_testing", HOUR)
    last = ~rows.duplicated("attack", keep="last")
    assert (rows.groupby("attack").size() >= 5).all()
    assert (rows[~last].amount_minor <= 600).all()
    assert (rows[last].amount_minor >= 6_000).all()
    first = rows.groupby("attack").event_time.transform("first")
    assert (rows[~last].event_time - first[~last] < pd.Timedelta(minutes=25)).all()
    assert (rows.transaction_type == "online").all()


def test_stolen_card_spree_is_many_expensive_purchases_in_hours_without_a_device(frame):
    rows = attacks(frame, "stolen_card_spree", HOUR)
    groups = rows.groupby("attack")
    assert (groups.size() >= 4).all()
    assert (groups.event_time.max() - groups.event_time.min() < 4 * HOUR).all()
    assert (rows.amount_minor / rows.customer_id.map(usual(frame))).median() > 3
    assert rows.device_id.isna().all()


def test_account_takeover_uses_one_device_new_to_the_customer(frame):
    rows = attacks(frame, "account_takeover", 3 * HOUR)
    genuine = frame[~frame.is_fraud & frame.device_id.notna()]
    known = set(zip(genuine.customer_id, genuine.device_id, strict=True))
    assert not known & set(zip(rows.customer_id, rows.device_id, strict=True))
    assert rows.device_id.notna().all()
    assert (rows.amount_minor / rows.customer_id.map(usual(frame))).median() > 1.5


def test_impossible_travel_is_faster_than_a_plane(frame):
    located = frame[frame.latitude.notna()].sort_values(["customer_id", "event_time"], kind="stable")
    before = located.groupby("customer_id")[["latitude", "longitude", "event_time"]].shift()
    km = great_circle_km(
        located.latitude.to_numpy(),
        located.longitude.to_numpy(),
        before.latitude.to_numpy(),
        before.longitude.to_numpy(),
    )
    hours = (located.event_time - before.event_time) / HOUR
    rows = attacks(frame, "impossible_travel", HOUR)
    first = rows[~rows.duplicated("attack") & rows.latitude.notna()].index
    speed = pd.Series(km, located.index) / hours
    # A few follow other frauds of the same customer, or a payment far from home over a VPN.
    assert (speed[first] > 1_000).mean() > 0.95
    genuine = located.index[~located.is_fraud]
    assert (speed[genuine] > 1_000).mean() < 0.02


def test_compromised_merchants_are_few_and_have_victims_who_shopped_there_before(frame):
    rows = frame[frame.scenario == "compromised_merchant"]
    assert rows.merchant_id.nunique() <= max(1, len(rows) // 8)
    genuine = frame[~frame.is_fraud]
    visited = set(zip(genuine.customer_id, genuine.merchant_id, strict=True))
    assert set(zip(rows.customer_id, rows.merchant_id, strict=True)) <= visited
    weeks = rows.groupby("merchant_id").event_time.agg(lambda times: times.max() - times.min())
    assert (weeks <= pd.Timedelta(days=23)).all()


def test_low_and_slow_spends_ordinary_amounts_at_two_merchants_over_days(frame):
    rows = attacks(frame, "low_and_slow", pd.Timedelta(days=3))
    assert (rows.pause.dropna() >= 5 * HOUR).mean() > 0.9
    assert (rows.groupby("attack").merchant_id.nunique() <= 2).mean() > 0.8
    assert (rows.groupby("attack").event_time.agg(np.ptp) > pd.Timedelta(days=1)).all()
    assert (rows.amount_minor / rows.customer_id.map(usual(frame))).median() < 2


@pytest.mark.parametrize("days", [1, 3])
def test_short_simulation_has_frauds_too(days):
    config = SimulationConfig(seed=3, customers=500, merchants=100, days=days, fraud_rate=0.02)
    table = simulate(config)
    assert 0.01 < table["is_fraud"].to_numpy().mean() < 0.035
    assert table["event_time"].cast("int64").to_numpy().max() < config.end_ms


def frauds_alone(scenario: str, seed: int) -> pd.DataFrame:
    """Return a small world in which all frauds are of one scenario."""
    return simulate(SimulationConfig(seed=seed, customers=400, merchants=300, days=20, scenario=scenario)).to_pandas()


@pytest.fixture(scope="module", params=[1, 2, 3])
def rings(request) -> pd.DataFrame:
    return frauds_alone("fraud_ring", request.param)


@pytest.fixture(scope="module", params=[1, 2, 3])
def attacked(request) -> pd.DataFrame:
    return frauds_alone("merchant_attack", request.param)


def test_each_device_of_a_ring_sees_5_to_40_cards_within_four_days(rings):
    devices = rings[rings.is_fraud].groupby("device_id", dropna=False)
    assert devices.customer_id.nunique().between(5, 40).all()
    assert (devices.event_time.agg(np.ptp) <= pd.Timedelta(hours=96)).all()


def test_cards_of_a_ring_share_its_devices_and_one_city(rings):
    frauds = rings[rings.is_fraud]
    assert (frauds.groupby("device_id")[["latitude", "longitude"]].nunique() <= 1).all(axis=None)
    assert (frauds.groupby("customer_id").device_id.nunique() > 1).any()


def test_a_ring_shows_nothing_unusual_in_one_customers_amounts_and_counts(rings):
    frauds = rings[rings.is_fraud]
    assert 0.6 < (frauds.amount_minor / frauds.customer_id.map(usual(rings))).median() < 2
    assert frauds.groupby(["customer_id", "device_id"]).size().median() <= 2


def test_devices_of_a_ring_belong_to_no_customer(rings):
    assert not set(rings[rings.is_fraud].device_id) & set(rings[~rings.is_fraud].device_id.dropna())


def numbered_attacks(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a number to the attacks on merchants: a pause of four hours begins another."""
    rows = frame[frame.is_fraud].sort_values(["merchant_id", "event_time"], kind="stable")
    pause = rows.groupby("merchant_id").event_time.diff()
    return rows.assign(attack=(pause.isna() | (pause > 4 * HOUR)).cumsum())


def test_a_merchant_attack_is_a_burst_of_at_least_8_cards_used_once_within_four_hours(attacked):
    groups = numbered_attacks(attacked).groupby("attack")
    assert (groups.size() >= 8).all()
    assert (groups.event_time.agg(np.ptp) <= 4 * HOUR).all()
    assert (groups.customer_id.nunique() == groups.size()).all()


def test_customers_of_a_merchant_attack_are_mostly_new_to_the_merchant(attacked):
    visited = attacked[~attacked.is_fraud].groupby(["customer_id", "merchant_id"]).event_time.min().rename("first")
    frauds = attacked[attacked.is_fraud].join(visited, on=["customer_id", "merchant_id"])
    assert (frauds["first"] < frauds.event_time).mean() < 0.4


def test_amounts_of_a_merchant_attack_are_nearly_equal(attacked):
    rows = numbered_attacks(attacked)
    assert (np.log(rows.amount_minor).groupby(rows.attack).std() < 0.5).all()


def test_merchant_attacks_come_from_few_devices_from_hidden_ones_or_from_a_new_one_each_time():
    rows = numbered_attacks(pd.concat([frauds_alone("merchant_attack", seed) for seed in range(4, 8)]))
    groups = rows.groupby("attack").device_id
    few, hidden, each = groups.nunique().between(1, 3), groups.count() == 0, groups.nunique() == groups.size()
    assert few.any()
    assert hidden.any()
    assert each.any()
    assert (few | hidden | each).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_most_compromised_merchants_are_charged_within_hours_after_the_visits(seed):
    frame = frauds_alone("compromised_merchant", seed)
    frauds = frame[frame.is_fraud].groupby("merchant_id").filter(lambda rows: len(rows) >= 5)
    burst = frauds.groupby("merchant_id").event_time.agg(np.ptp) <= 5 * HOUR
    assert 0.3 < burst.mean() < 0.95
    first = frame[~frame.is_fraud].groupby(["customer_id", "merchant_id"]).event_time.min().rename("first")
    assert (frauds.join(first, on=["customer_id", "merchant_id"]).eval("first < event_time")).all()

import numpy as np
import pandas as pd
import pytest

from producers.card_world import great_circle_km
from producers.simulation_config import SimulationConfig

HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def frame(table) -> pd.DataFrame:
    return table.to_pandas()


def attacks(frame: pd.DataFrame, scenario: str, apart: pd.Timedelta) -> pd.DataFrame:
    """Return the numbered attacks of one scenario; a pause of `apart` starts another."""
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
    from producers.simulate import simulate

    config = SimulationConfig(seed=3, customers=500, merchants=100, days=days, fraud_rate=0.02)
    table = simulate(config)
    assert 0.01 < table["is_fraud"].to_numpy().mean() < 0.035
    assert table["event_time"].cast("int64").to_numpy().max() < config.end_ms

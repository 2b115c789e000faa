"""Honest customers and merchants that resemble rings and attacks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from producers.card_world import CardWorld
from producers.randomness import generator_for
from producers.shared_devices import SharedDevices
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig


@pytest.fixture(scope="module")
def frame(table) -> pd.DataFrame:
    return table.to_pandas()


def genuine(table_config: SimulationConfig) -> pd.DataFrame:
    frame = simulate(table_config).to_pandas()
    return frame[~frame.is_fraud].reset_index(drop=True)


def world_of(config: SimulationConfig) -> CardWorld:
    return CardWorld.build(
        seed=config.seed,
        customers=config.customers,
        merchants=config.merchants,
        new_merchants=config.new_merchant_share,
        start_ms=config.start_ms,
        end_ms=config.end_ms,
    )


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_households_have_at_most_five_members_of_one_city(config, share):
    world = world_of(config)
    rng = generator_for(1, "test")
    household = SharedDevices.draw(world, household_share=share, terminal_share=0, rng=rng).household
    assert (household >= 0).mean() == pytest.approx(share, abs=0.06)
    homes = pd.DataFrame({"household": household, "city": world.home_city})[household >= 0].groupby("household").city
    assert (homes.nunique() == 1).all()
    assert homes.size().max() <= 5
    assert homes.size().median() >= 2


def test_members_of_a_household_use_the_same_device(config):
    rows = genuine(replace(config, terminal_share=0))
    customers = rows.groupby("device_id").customer_id.nunique()
    assert customers.max() <= 5
    assert 0.4 * 0.5 < customers[customers > 1].sum() / config.customers < 0.4 * 1.1


def test_a_terminal_serves_more_customers_than_a_ring_has_cards_and_some_serve_as_few(config):
    rows = genuine(replace(config, household_share=0))
    by_device = rows.groupby("device_id")
    customers = by_device.customer_id.nunique().sort_values()
    assert customers.iloc[-1] > 100
    assert customers[customers > 1].between(5, 40).any()
    day = rows[rows.device_id == customers.index[-1]].groupby(rows.event_time.dt.floor("D")).customer_id.nunique()
    assert day.median() > 0.02 * config.customers


def test_at_shares_of_zero_no_honest_customers_share_a_device(config):
    rows = genuine(replace(config, household_share=0, terminal_share=0))
    assert (rows.groupby("device_id").customer_id.nunique() == 1).all()


def test_fresh_devices_are_used_once_and_as_often_as_set(config):
    none, some = (genuine(replace(config, fresh_device_share=share)) for share in (0, 0.1))
    fresh = some[~some.device_id.isin(none.device_id) & some.device_id.notna()]
    assert fresh.device_id.is_unique
    online = (some.transaction_type == "online") & some.device_id.notna()
    assert len(fresh) / online.sum() == pytest.approx(0.1, rel=0.1)


def test_no_fraud_is_committed_on_a_device_of_honest_customers(frame):
    honest = set(frame[~frame.is_fraud].device_id.dropna())
    assert not honest & set(frame[frame.is_fraud].device_id.dropna())


@pytest.fixture(scope="module")
def rush(config) -> pd.DataFrame:
    """Purchases that a rush moved to another merchant: a rush a day against the same world without any."""
    calm, busy = (genuine(replace(config, rushes_per_day=rate)) for rate in (0, 1))
    assert busy[["customer_id", "event_time"]].equals(calm[["customer_id", "event_time"]])
    moved = busy[busy.merchant_id != calm.merchant_id]
    return moved.assign(start=moved.event_time.groupby(moved.merchant_id).transform("min"))


def test_a_rush_is_at_most_six_hours_at_one_merchant(config, rush):
    assert 0.5 * config.days < rush.merchant_id.nunique() <= config.days
    lasts = rush.event_time - rush.start
    assert (lasts[lasts < pd.Timedelta(days=0.9)] <= pd.Timedelta(hours=6)).all()


def test_a_rush_brings_many_customers_most_of_them_new_to_the_merchant(config, rush):
    sizes = rush.groupby("merchant_id").customer_id.nunique()
    assert sizes.max() > 20
    visits = genuine(config)[["customer_id", "merchant_id", "event_time"]]
    before = rush.merge(visits, on=["customer_id", "merchant_id"], suffixes=("", "_other"))
    known = before[before.event_time_other < before.start].transaction_id.nunique()
    assert known / len(rush) < 0.5


def test_amounts_of_a_rush_are_nearly_equal(rush):
    goods = rush.groupby("merchant_id").filter(lambda rows: len(rows) > 5)
    assert np.log(goods.amount_minor).groupby(goods.merchant_id).std().median() < 0.25


def test_new_merchants_have_no_transaction_before_they_open(config, frame):
    world = world_of(config)
    new = np.flatnonzero(world.merchant_opens_ms > config.start_ms)
    assert len(new) == round(config.new_merchant_share * config.merchants)
    first = frame.groupby("merchant_id").event_time.min()
    for number in new:
        name = f"m{config.seed}-{number:05d}"
        if name in first.index:
            assert first[name].timestamp() * 1_000 >= world.merchant_opens_ms[number]


def test_a_new_merchant_has_its_customers_from_an_established_one_of_its_kind(config):
    world = world_of(config)
    before = world.merchant_before
    assert (world.merchant_opens_ms[before] == config.start_ms).all()
    assert (world.merchant_city[before] == world.merchant_city).all()
    assert (world.merchant_category[before] == world.merchant_category).all()


@pytest.mark.parametrize("rate", [0, 24])
@pytest.mark.parametrize("share", [0, 1])
def test_every_rate_gives_a_world_of_ten_customers(rate, share):
    config = SimulationConfig(
        seed=1,
        customers=10,
        merchants=100,
        days=1,
        household_share=share,
        terminal_share=share,
        new_merchant_share=share,
        rushes_per_day=rate,
    )
    assert len(simulate(config))

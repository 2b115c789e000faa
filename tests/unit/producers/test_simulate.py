"""Simulated history."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from producers.scenarios import SCENARIO_NAMES, SCENARIOS
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import LABELLED_ARROW
from schemas.durations import DAY_MS


def milliseconds(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.int64()).to_numpy()


def test_columns_are_the_canonical_ones_plus_scenario(table):
    assert table.schema.names == [*LABELLED_ARROW.names, "scenario"]
    assert table.select(LABELLED_ARROW.names).schema.equals(LABELLED_ARROW)


def test_the_same_seed_gives_the_same_table(config, table):
    assert simulate(config).equals(table)


@pytest.mark.parametrize("column", ["transaction_id", "customer_id", "merchant_id", "device_id"])
def test_two_seeds_share_no_id(column):
    small = SimulationConfig(seed=1, customers=100, merchants=100, days=5)
    one, other = (simulate(replace(small, seed=seed))[column].drop_null() for seed in (1, 2))
    assert not pc.any(pc.is_in(one, other.combine_chunks())).as_py()


def test_run_number_changes_only_the_transaction_ids(config, table):
    again = simulate(replace(config, run="-b"))
    assert again.drop_columns(["transaction_id"]).equals(table.drop_columns(["transaction_id"]))
    assert not pc.any(pc.is_in(again["transaction_id"], table["transaction_id"].combine_chunks())).as_py()


def test_transaction_ids_are_unique(table):
    assert pc.count_distinct(table["transaction_id"]).as_py() == len(table)


def test_rows_are_sorted_by_event_time_and_within_the_simulated_time(config, table):
    times = milliseconds(table["event_time"])
    assert (np.diff(times) >= 0).all()
    assert config.start_ms <= times[0]
    assert times[-1] < config.end_ms


def test_customer_makes_the_configured_number_of_transactions_a_day(config, table):
    rate = len(table) / config.customers / config.days
    assert rate == pytest.approx(config.transactions_per_customer_day, rel=0.1)


@pytest.mark.parametrize("fraud_rate", [0.005, 0.01, 0.02])
def test_fraud_rate_is_kept(config, fraud_rate):
    frauds = simulate(replace(config, fraud_rate=fraud_rate))["is_fraud"].to_numpy()
    assert frauds.mean() == pytest.approx(fraud_rate, rel=0.1)


def test_fraud_rate_of_zero_gives_no_fraud(config):
    assert not simulate(replace(config, fraud_rate=0.0))["is_fraud"].to_numpy().any()


def test_scenario_is_set_for_exactly_the_frauds(table):
    assert table["scenario"].is_valid().equals(table["is_fraud"])
    names = {play.__name__ for play, _ in SCENARIOS}
    assert set(table["scenario"].drop_null().unique().to_pylist()) == names


@pytest.mark.parametrize("scenario", SCENARIO_NAMES)
def test_one_scenario_is_the_only_fraud_and_changes_nothing_genuine(config, table, scenario):
    alone = simulate(replace(config, scenario=scenario))
    assert set(alone["scenario"].drop_null().to_pylist()) == {scenario}
    assert alone["is_fraud"].to_numpy().mean() == pytest.approx(config.fraud_rate, rel=0.1)
    columns = ["customer_id", "merchant_id", "amount_minor", "event_time"]
    one, all_kinds = (part.filter(pc.invert(part["is_fraud"])).select(columns) for part in (alone, table))
    assert one.equals(all_kinds)


def test_scenario_weights_divide_the_frauds(config):
    weights = {"fraud_ring": 3.0, "merchant_attack": 1.0, "card_testing": 0.0}
    table = simulate(replace(config, scenario_weights=weights))
    kinds = table["scenario"].drop_null().to_pylist()
    assert set(kinds) == {"fraud_ring", "merchant_attack"}
    assert kinds.count("fraud_ring") / len(kinds) == pytest.approx(0.75, abs=0.02)
    assert len(kinds) / len(table) == pytest.approx(config.fraud_rate, rel=0.1)


def test_without_weights_each_scenario_has_its_share_of_the_frauds(table):
    kinds = table["scenario"].drop_null().to_pylist()
    for play, share in SCENARIOS:
        assert kinds.count(play.__name__) / len(kinds) == pytest.approx(share, abs=0.02)


def test_labels_are_known_after_the_delay_with_its_spread(config, table):
    delay = milliseconds(table["label_time"]) - milliseconds(table["event_time"])
    shortest, longest = (config.label_delay_days * (1 + sign * config.label_delay_spread) for sign in (-1, 1))
    assert shortest * DAY_MS - 1 <= delay.min()
    assert delay.max() <= longest * DAY_MS
    assert delay.mean() == pytest.approx(config.label_delay_days * DAY_MS, rel=0.02)


def test_amounts_are_positive_and_cash_comes_in_notes(table):
    amounts = table["amount_minor"].to_numpy()
    cash = pc.equal(table["merchant_category"], "cash").to_numpy()
    assert amounts.min() >= 50
    assert (amounts[cash] % 1_000 == 0).all()


@pytest.mark.parametrize("column", ["device_id", "latitude", "longitude"])
def test_some_devices_and_locations_are_missing(table, column):
    assert 0.05 < table[column].null_count / len(table) < 0.75


def test_no_category_and_type_pair_is_fraud_alone(table):
    pairs = table.group_by(["merchant_category", "transaction_type"]).aggregate(
        [("is_fraud", "mean"), ("is_fraud", "count")]
    )
    common = pairs.filter(pc.greater(pairs["is_fraud_count"], 100))
    assert pc.max(common["is_fraud_mean"]).as_py() < 0.2


def test_customers_shop_mostly_at_few_merchants(table):
    genuine = table.filter(pc.invert(table["is_fraud"]))
    visits = genuine.group_by(["customer_id", "merchant_id"]).aggregate([([], "count_all")])
    best = visits.group_by("customer_id").aggregate([("count_all", "max"), ("count_all", "sum")])
    share = best["count_all_max"].to_numpy() / best["count_all_sum"].to_numpy()
    assert np.median(share) > 0.15

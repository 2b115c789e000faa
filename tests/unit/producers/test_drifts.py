"""Drift scenarios."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from producers.simulate import simulate
from producers.simulation_config import Drift, epoch_ms


def halves(table: pa.Table, moment: object) -> tuple[pa.Table, pa.Table]:
    later = pc.greater_equal(table["event_time"].cast(pa.int64()), epoch_ms(moment))
    return table.filter(pc.invert(later)), table.filter(later)


@pytest.fixture(scope="module")
def drift_at(config):
    return config.start + timedelta(days=18)


@pytest.mark.parametrize("drift", list(Drift))
def test_nothing_differs_before_the_drift_begins(config, table, drift_at, drift):
    drifted = simulate(replace(config, drift=drift, drift_at=drift_at))
    before, after = halves(drifted, drift_at)
    usual_before, usual_after = halves(table, drift_at)
    assert before.equals(usual_before)
    assert not after.equals(usual_after)


def test_amount_inflation_raises_every_amount(config, table, drift_at):
    drifted = simulate(replace(config, drift=Drift.AMOUNT_INFLATION, drift_at=drift_at))
    after, usual = (halves(one, drift_at)[1]["amount_minor"].to_numpy() for one in (drifted, table))
    assert (after >= usual).all()
    assert np.median(after / usual) == pytest.approx(1.5, rel=0.01)


def test_new_fraud_pattern_starts_with_the_drift(config, drift_at):
    drifted = simulate(replace(config, drift="new_fraud_pattern", drift_at=drift_at))
    before, after = (pc.equal(half["scenario"], "gift_cards") for half in halves(drifted, drift_at))
    assert not pc.any(before).as_py()
    new = after.drop_null().to_numpy()
    assert 0.2 < new.mean() < 0.45
    assert set(halves(drifted, drift_at)[1].filter(after)["merchant_category"].to_pylist()) == {"grocery"}


def test_category_shift_moves_customers_online(config, table, drift_at):
    drifted = simulate(replace(config, drift=Drift.CATEGORY_SHIFT, drift_at=drift_at))
    after, usual = (
        pc.mean(pc.equal(halves(one, drift_at)[1]["transaction_type"], "online")).as_py() for one in (drifted, table)
    )
    assert after > usual + 0.3

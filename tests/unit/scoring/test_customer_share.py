"""Customers by deciding model."""

import numpy as np
import pyarrow as pa
import pytest

from models.scoring.customer_share import deciding_model, unit_intervals

MANY = pa.array([f"c{number}" for number in range(20_000)])


def decided(*challengers):
    return deciding_model(MANY, challengers)


def test_position_of_a_customer_never_changes():
    units = unit_intervals(pa.array(["c2-00480", "", "é"]), "fraud-1a2b3c")
    assert units.tolist() == [0.17454362202725937, 0.24445650032824429, 0.3145771460552297]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_share_of_customers_is_the_configured_one(share):
    assert np.mean(decided(("new", share)) == 1) == pytest.approx(share, abs=0.01)


def test_each_of_several_challengers_has_its_share_of_all_customers():
    found = decided(("a", 0.2), ("b", 0.0), ("c", 0.3), ("d", 0.5))
    assert [np.mean(found == number) for number in range(5)] == pytest.approx([0, 0.2, 0, 0.3, 0.5], abs=0.01)


def test_larger_share_keeps_the_customers_of_the_smaller():
    few, more = decided(("new", 0.1)) == 1, decided(("new", 0.3)) == 1
    assert not (few & ~more).any()


def test_another_model_decides_for_other_customers():
    one, other = decided(("one", 0.5)) == 1, decided(("other", 0.5)) == 1
    assert np.mean(one & other) == pytest.approx(0.25, abs=0.01)


def test_customer_has_one_deciding_model_at_any_row_of_a_batch():
    batch = pa.array(["c7", "c8", "c7", "c9", "c7"])
    alone = {name: deciding_model(pa.array([name]), [("new", 0.5)])[0] for name in batch.to_pylist()}
    assert deciding_model(batch, [("new", 0.5)]).tolist() == [alone[name] for name in batch.to_pylist()]
    assert deciding_model(batch.slice(2), [("new", 0.5)]).tolist() == [
        alone[name] for name in batch.slice(2).to_pylist()
    ]


def test_empty_batch_has_no_deciding_model():
    assert deciding_model(pa.array([], pa.string()), [("new", 0.5)]).tolist() == []

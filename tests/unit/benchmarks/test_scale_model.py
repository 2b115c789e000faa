"""Model of the cost by the number of TaskManagers."""

import pytest

from benchmarks.scale_model import ScaleModel

MODEL = ScaleModel(alone_us=20.0, exchanged_us=8.0, bytes_exchanged=500.0)


def test_model_is_found_again_from_its_costs():
    fitted = ScaleModel.fitted({count: MODEL.us(count) for count in (1, 2, 4)}, 500.0)
    assert fitted == pytest.approx(MODEL)


def test_a_lone_taskmanager_exchanges_nothing_and_many_exchange_nearly_all():
    assert MODEL.us(1) == 20
    assert MODEL.us(2) == 24
    assert MODEL.us(1_000) == pytest.approx(28, rel=1e-3)


def test_cores_and_network_grow_with_the_rate():
    assert MODEL.cores(1_000_000) == 28
    assert MODEL.gigabits_per_s(1_000_000) == 4

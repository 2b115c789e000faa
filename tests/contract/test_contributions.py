"""Checks for every contribution method; a method without a sample model fails."""

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
import pytest
from numpy.typing import NDArray

import models.scoring
from models.scoring.contributions import CalibratedContributions, Contributions, read_contributions
from models.scoring.model import OnnxModel
from models.training.calibration import Platt
from models.training.learners.catalogue import LEARNERS

FEATURES, ROWS = 6, 400
UNUSED = FEATURES - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """An exported model, the method read from it, and its training rows."""

    onnx: bytes
    method: Contributions
    x: NDArray[np.float32]


@cache
def rows() -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    generator = np.random.default_rng(5)
    x = generator.normal(0, 1, (ROWS, FEATURES)).astype(np.float32)
    x[:, UNUSED] = 1.0  # constant: no model uses it
    margin = x[:, 0] + 2 * x[:, 1] * (x[:, 2] > 0) + generator.normal(0, 0.3, ROWS)
    return x, margin > np.quantile(margin, 0.8)


@cache
def samples() -> dict[str, Sample]:
    """Return a sample of each method of exported models, plain and calibrated."""
    x, is_fraud = rows()
    found = {}
    for name, make in LEARNERS.items():
        graph = make("none").fit(x, is_fraud, seed=1).export()
        for suffix, onnx in (
            ("", graph.SerializeToString()),
            ("-calibrated", Platt(0.8, -0.3).append_to(graph).SerializeToString()),
        ):
            method = read_contributions(onnx)
            if method is not None:
                found[name + suffix] = Sample(onnx=onnx, method=method, x=x)
    return found


def check_contributions_add_up_to_the_score(sample: Sample) -> None:
    scores = OnnxModel(sample.onnx, features=FEATURES).score(sample.x[:50])
    log_odds = np.array([sample.method.expected + sample.method.contributions(row).sum() for row in sample.x[:50]])
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), scores, atol=1e-5)


def check_each_feature_has_a_contribution(sample: Sample) -> None:
    found = sample.method.contributions(sample.x[0])
    assert (found.shape, found.dtype) == ((FEATURES,), np.float64)


def check_expected_is_a_finite_number(sample: Sample) -> None:
    assert np.isfinite(float(sample.method.expected))


def check_contributions_are_finite(sample: Sample) -> None:
    for value in (0.0, -1.0, 1e6, -1e6):
        assert np.isfinite(sample.method.contributions(np.full(FEATURES, value, np.float32))).all()


def check_unused_feature_adds_nothing(sample: Sample) -> None:
    assert sample.method.contributions(sample.x[3])[UNUSED] == pytest.approx(0, abs=1e-12)


def check_used_features_add_something(sample: Sample) -> None:
    found = np.abs([sample.method.contributions(row) for row in sample.x[:50]]).mean(axis=0)
    assert found[:2].min() > 0


def check_row_is_not_modified(sample: Sample) -> None:
    row = sample.x[7].copy()
    sample.method.contributions(row)
    assert row.tobytes() == sample.x[7].tobytes()


def check_row_may_be_read_only(sample: Sample) -> None:
    row = sample.x[7].copy()
    row.flags.writeable = False
    assert sample.method.contributions(row).tobytes() == sample.method.contributions(sample.x[7]).tobytes()


def check_row_may_be_a_view_of_a_batch(sample: Sample) -> None:
    assert (
        sample.method.contributions(sample.x[9]).tobytes() == sample.method.contributions(sample.x[9].copy()).tobytes()
    )


def check_same_row_gives_the_same_bits_after_any_other(sample: Sample) -> None:
    first = sample.method.contributions(sample.x[0]).tobytes()
    for row in sample.x[1:20]:
        sample.method.contributions(row)
    assert sample.method.contributions(sample.x[0]).tobytes() == first


def check_earlier_answer_is_not_overwritten(sample: Sample) -> None:
    first = sample.method.contributions(sample.x[0])
    copy = first.copy()
    sample.method.contributions(sample.x[1])
    assert first.tobytes() == copy.tobytes()


def check_reading_a_graph_is_deterministic(sample: Sample) -> None:
    again = read_contributions(sample.onnx)
    assert again is not None
    assert again.contributions(sample.x[0]).tobytes() == sample.method.contributions(sample.x[0]).tobytes()


CHECKS = [check for name, check in list(globals().items()) if name.startswith("check_")]
NAMES = [name + suffix for name in LEARNERS if name != "forest" for suffix in ("", "-calibrated")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_contribution_method_passes(name: str, check: Callable[[Sample], None]) -> None:
    check(samples()[name])


def test_only_a_forest_has_no_method() -> None:
    assert sorted(samples()) == sorted(NAMES)


def test_every_method_has_a_sample() -> None:
    modules = [import_module(f"models.scoring.{found.name}") for found in pkgutil.iter_modules(models.scoring.__path__)]
    methods = {
        item
        for module in modules
        for _, item in inspect.getmembers(module, inspect.isclass)
        if hasattr(item, "contributions") and item is not Contributions and item.__module__.startswith("models.")
    }
    found = [sample.method for sample in samples().values()]
    found += [item._uncalibrated for item in found if isinstance(item, CalibratedContributions)]
    assert methods == {type(item) for item in found}

"""The learner checks on every learner, plain and calibrated."""

import importlib
import inspect
import pkgutil
from functools import cache

import pytest

import models.training.learners as package
from models.training.learners.catalogue import LEARNERS
from tests.contract.learner_checks import CONSTANT, LEARNER_CHECKS, MODEL_CHECKS, LearnerCase
from tests.unit.training.classifiers import trained


def learner_classes() -> set[type]:
    """Return the classes of `models.training.learners` that have `fit` and settings."""
    names = [f"{package.__name__}.{item.name}" for item in pkgutil.iter_modules(package.__path__)]
    return {
        member
        for module in map(importlib.import_module, names)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__ and hasattr(member, "fit") and hasattr(member, "__dataclass_params__")
    }


@cache
def case(name: str, calibrated: bool) -> LearnerCase:
    data = trained(trees=2, rows=3_000)
    x = data.x.copy()
    x[:, CONSTANT] = 1.5
    return LearnerCase(LEARNERS[name]("none"), x, data.is_fraud, calibrated)


def test_every_learner_is_in_the_catalogue():
    assert {type(make("none")) for make in LEARNERS.values()} == learner_classes()


@pytest.mark.parametrize("check", LEARNER_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_learner_passes(name, check):
    check(case(name, False))


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("calibrated", [False, True], ids=["plain", "calibrated"])
@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_trained_model_passes(name, calibrated, check):
    check(case(name, calibrated))

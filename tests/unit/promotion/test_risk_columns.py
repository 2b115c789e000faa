"""Mapping of risk rates between two models."""

from dataclasses import replace

import numpy as np

from models.features.table import FEATURE_NAMES
from models.promotion.risk_columns import with_risks_of
from tests.unit.training.histories import artifact

CATEGORY, TYPE = FEATURE_NAMES.index("category_risk"), FEATURE_NAMES.index("type_risk")


def model(rates: dict[str, float], prior: float):
    manifest = artifact().manifest.model_copy(
        update={"category_risk": {"prior": prior, "rates": rates}, "type_risk": {"prior": 0.5, "rates": {}}}
    )
    return replace(artifact(), manifest=manifest)


def features(*rates: float) -> np.ndarray:
    x = np.zeros((len(rates), len(FEATURE_NAMES)), np.float32)
    x[:, CATEGORY], x[:, TYPE] = rates, 0.5
    return x


def test_rate_of_a_category_is_mapped_to_its_rate_in_the_other_model():
    logged, other = model({"a": 0.1, "b": 0.2}, 0.01), model({"a": 0.3, "c": 0.9}, 0.02)
    x, identified = with_risks_of(features(0.1, 0.2, 0.01), logged, other)
    assert identified.all()
    # b is unknown to the other model, like a category that neither was trained on.
    assert x[:, CATEGORY].tolist() == [np.float32(0.3), np.float32(0.02), np.float32(0.02)]


def test_rate_shared_by_two_categories_is_mapped_only_if_they_share_it_in_both_models():
    logged = model({"a": 0.1, "b": 0.1, "c": 0.2}, 0.01)
    _, apart = with_risks_of(features(0.1, 0.2), logged, model({"a": 0.3, "b": 0.4, "c": 0.5}, 0.02))
    _, together = with_risks_of(features(0.1, 0.2), logged, model({"a": 0.3, "b": 0.3, "c": 0.5}, 0.02))
    assert apart.tolist() == [False, True]
    assert together.tolist() == [True, True]


def test_rate_of_no_category_is_not_mapped():
    logged = model({"a": 0.1}, 0.01)
    _, identified = with_risks_of(features(0.7), logged, logged)
    assert identified.tolist() == [False]


def test_logged_features_are_not_changed():
    x = features(0.1)
    with_risks_of(x, model({"a": 0.1}, 0.01), model({"a": 0.9}, 0.01))
    assert x[0, CATEGORY] == np.float32(0.1)

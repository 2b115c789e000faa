"""Differences of two manifests."""

from models.promotion.manifest_diff import manifest_diff
from tests.unit.promotion.comparisons import manifest


def test_only_differences_are_listed_by_name():
    a = manifest(settings={"trees": 30, "rate": 0.1})
    b = manifest(settings={"trees": 60, "rate": 0.1, "seed": 7}, review_threshold=0.25)
    assert manifest_diff(a, b) == {
        "settings.trees": (30, 60),
        "settings.seed": (None, 7),
        "review_threshold": (a.review_threshold, 0.25),
    }


def test_model_does_not_differ_from_itself():
    assert manifest_diff(manifest(), manifest()) == {}

from dataclasses import replace

import pytest

from models.features import table
from models.features.engine import fact_index
from models.features.kernel import OTHER_FACTS, WINDOWED_FACTS
from models.features.operation import Operation
from models.features.table import FEATURE_NAMES, FEATURES, WINDOWS, spec_hash
from models.features.window import Window


def test_names_are_unique_and_thirty_or_more():
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) >= 30


def test_usual_names_a_feature_of_the_table():
    assert {f.usual.feature for f in FEATURES if f.usual and f.usual.feature} <= set(FEATURE_NAMES)


def test_usual_count_of_an_hour_is_the_168th_part_of_a_week():
    assert FEATURES[FEATURE_NAMES.index("count_1h")].usual == ("count_7d", 1 / 168)


def test_kernel_computes_every_operation_and_no_other():
    assert set(WINDOWED_FACTS) | set(OTHER_FACTS) == {operation.value for operation in Operation}


def test_no_two_features_are_the_same_fact():
    assert len({fact_index(feature) for feature in FEATURES}) == len(FEATURES)


def test_windows_are_shortest_first():
    assert list(WINDOWS) == sorted(WINDOWS, key=lambda window: window.length_ms)


def test_a_window_that_the_kernel_does_not_keep_is_refused():
    month = Window(name="30d", length_ms=30 * 86_400_000)
    with pytest.raises(ValueError, match="count_30d"):
        fact_index(replace(FEATURES[0], name="count_30d", window=month))


@pytest.mark.parametrize("change", [{"name": "other"}, {"missing": -2}, {"unit": "other"}, {"window": WINDOWS[1]}])
def test_spec_hash_changes_with_the_table(monkeypatch, change):
    before = spec_hash()
    monkeypatch.setattr(table, "FEATURES", (replace(FEATURES[0], **change), *FEATURES[1:]))
    assert spec_hash() != before


def test_spec_hash_changes_with_the_order(monkeypatch):
    before = spec_hash()
    monkeypatch.setattr(table, "FEATURES", FEATURES[::-1])
    assert spec_hash() != before


def test_spec_hash_does_not_hang_on_usual(monkeypatch):
    before = spec_hash()
    monkeypatch.setattr(table, "FEATURES", tuple(replace(feature, usual=None) for feature in FEATURES))
    assert spec_hash() == before

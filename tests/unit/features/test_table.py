"""Feature table."""

from dataclasses import replace

import pytest

from models.features import customer_facts, label_facts, table
from models.features.entities import entity_facts
from models.features.entities.entity_layout import ENTITY_LAYOUT, ENTITY_WIDTH, FIRST_ENTITY_COLUMN
from models.features.entities.label_layout import LABEL_COLUMNS, LABEL_LAYOUT
from models.features.entity import ENTITIES, LABELLED_ENTITIES
from models.features.feature_layout import FeatureLayout, fact_index
from models.features.operation import Operation
from models.features.table import (
    CUSTOMER_FEATURES,
    FEATURE_NAMES,
    FEATURES,
    FORMER_FEATURES,
    LABEL_WINDOWS,
    LIVE_FEATURES,
    TABLE_WIDTHS,
    WINDOWS,
    spec_hash,
)
from models.features.window import Window


def test_names_are_unique_and_at_least_sixty():
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) >= 60


def test_usual_value_is_a_feature_of_the_table():
    assert {f.usual.feature for f in FEATURES if f.usual and f.usual.feature} <= set(FEATURE_NAMES)


def test_usual_count_of_an_hour_is_a_168th_of_a_week():
    assert FEATURES[FEATURE_NAMES.index("count_1h")].usual == ("count_7d", 1 / 168)


CUSTOMER = (customer_facts.WINDOWED_FACTS, customer_facts.OTHER_FACTS, WINDOWS)
ENTITY_LABELS = (label_facts.WINDOWED_FACTS, label_facts.ENTITY_FACTS, LABEL_WINDOWS)
CUSTOMER_LABELS = ((), label_facts.CUSTOMER_FACTS, ())


def test_kernels_compute_exactly_the_operations_each_once():
    entity = (*entity_facts.WINDOWED_FACTS, *entity_facts.OTHER_FACTS)
    layouts = (CUSTOMER, ENTITY_LABELS, CUSTOMER_LABELS)
    facts = [*(fact for windowed, others, _ in layouts for fact in (*windowed, *others)), *entity]
    assert sorted(facts) == sorted(operation.value for operation in set(Operation) - {Operation.TO_JOINT_MEAN})


def test_every_feature_is_a_distinct_fact_of_one_kernel():
    layouts = [FeatureLayout.of(*facts) for facts in (CUSTOMER, ENTITY_LABELS, CUSTOMER_LABELS)]
    entities = range(FIRST_ENTITY_COLUMN, FIRST_ENTITY_COLUMN + ENTITY_WIDTH * len(ENTITIES))
    columns = [column for layout in layouts for column in layout.columns.tolist()]
    joint = FEATURE_NAMES.index("amount_to_joint_mean_30d")
    assert sorted([*columns, *entities, joint]) == list(range(len(FEATURES)))
    for facts in (layouts[0], layouts[2], LABEL_LAYOUT, ENTITY_LAYOUT):
        assert len(set(facts.fact_indices.tolist())) == len(facts.fact_indices)


@pytest.mark.parametrize("windows", [WINDOWS, LABEL_WINDOWS])
def test_windows_are_shortest_first_and_made_of_whole_tiles(windows):
    assert list(windows) == sorted(windows, key=lambda window: window.length_ms)
    assert all(window.tile_ms * 12 == window.length_ms for window in windows)


def test_window_without_kernel_support_is_refused():
    year = Window(name="1y", length_ms=360 * 86_400_000)
    with pytest.raises(ValueError, match="count_1y"):
        fact_index(replace(FEATURES[0], name="count_1y", window=year), *CUSTOMER)


@pytest.mark.parametrize("change", [{"name": "other"}, {"missing": -2}, {"unit": "other"}, {"window": WINDOWS[1]}])
def test_spec_hash_changes_with_the_table(monkeypatch, change):
    before = spec_hash()
    monkeypatch.setattr(table, "FEATURES", (replace(FEATURES[0], **change), *FEATURES[1:]))
    assert spec_hash() != before


def test_spec_hash_depends_on_the_sequence_of_features(monkeypatch):
    before = spec_hash()
    monkeypatch.setattr(table, "FEATURES", FEATURES[::-1])
    assert spec_hash() != before


def test_spec_hash_does_not_depend_on_usual(monkeypatch):
    before = spec_hash()
    monkeypatch.setattr(table, "FEATURES", tuple(replace(feature, usual=None) for feature in FEATURES))
    assert spec_hash() == before


def test_spec_hash_changes_with_the_column_of_an_entity(monkeypatch):
    before = spec_hash()
    monkeypatch.setattr(table, "_ENTITY_COLUMNS", {"merchant": "merchant_id", "device": "currency"})
    assert spec_hash() != before


def test_a_usual_value_of_an_entity_is_of_the_same_entity():
    entity_of = {feature.name: feature.entity for feature in FEATURES}
    assert all(entity_of[f.usual.feature] == f.entity for f in FEATURES if f.usual and f.usual.feature)


def test_models_of_a_former_table_are_read_as_the_beginning_of_the_present_one():
    assert TABLE_WIDTHS["4d6fbad85b6bf301"] == TABLE_WIDTHS[spec_hash(FORMER_FEATURES)] == 88
    assert TABLE_WIDTHS[spec_hash(CUSTOMER_FEATURES)] == len(CUSTOMER_FEATURES)
    assert TABLE_WIDTHS["b7b170815442420b"] == TABLE_WIDTHS[spec_hash(LIVE_FEATURES)] == len(LIVE_FEATURES) == 194
    assert TABLE_WIDTHS[spec_hash()] == len(FEATURES)
    assert FEATURES[:88] == FORMER_FEATURES
    assert FEATURES[: len(CUSTOMER_FEATURES)] == CUSTOMER_FEATURES
    assert FEATURES[: len(LIVE_FEATURES)] == LIVE_FEATURES


def test_labelled_entities_have_the_same_label_features():
    operations = [[feature.operation for feature in FEATURES[columns]] for columns in LABEL_COLUMNS]
    assert len(operations) == len(LABELLED_ENTITIES)
    assert all(mine == operations[0] for mine in operations)

"""An alert's features are those of its model's table, whichever version made it."""

from dataclasses import replace

import numpy as np
import pytest

from fraudstream.readers.alert_record import AlertRecord
from models.features.former_names import FORMER_NAMES
from models.features.table import FEATURE_NAMES, FEATURES, FORMER_FEATURES, spec_hash
from schemas.errors import UserError
from tests.unit.training.declared_histories import declared_artifact

FORMER, WIDTH, NOW = spec_hash(FORMER_FEATURES), len(FORMER_FEATURES), len(FEATURES)
VALUES = np.arange(len(FEATURES), dtype=np.float32)


def record(table, written, logged=None):
    alert = {
        "feature_spec_hash": table,
        "score": 0.5,
        "features": dict(zip(FEATURE_NAMES[:written], VALUES.tolist(), strict=False)),
    }
    found = None if logged is None else {"score": 0.5, "features": VALUES[:logged].tolist()}
    return AlertRecord(alert=alert, repeats=0, logged=found)


@pytest.mark.parametrize(
    ("table", "written", "width"), [(FORMER, WIDTH, WIDTH), (FORMER, NOW, WIDTH), (spec_hash(), NOW, NOW)]
)
def test_features_are_the_columns_of_the_models_table(table, written, width):
    assert record(table, written).features_of().tolist() == VALUES[:width].tolist()
    assert record(table, written, written).logged_the_same


def test_other_logged_features_than_the_alerts_are_found():
    one = record(FORMER, NOW, NOW)
    one.logged["features"][100] += 1
    assert not one.logged_the_same
    assert not record(FORMER, NOW, WIDTH).logged_the_same


def test_alert_without_a_feature_of_its_table_is_refused():
    with pytest.raises(UserError, match=f"expected an alert with all features, got one without {NOW - WIDTH} of them"):
        _ = record(spec_hash(), WIDTH).features_of()
    with pytest.raises(UserError, match="expected an alert with all features, got one without 1 of them"):
        _ = record(FORMER, WIDTH - 1).features_of()


def test_alert_of_an_unknown_table_is_refused():
    with pytest.raises(UserError, match=f"expected an alert on the features {spec_hash()}, got 0000"):
        _ = record("0000", NOW).features_of()


def test_alert_under_former_names_has_the_features_of_the_present_ones():
    former = {present: name for name, present in FORMER_NAMES.items()}
    present = record(FORMER, NOW, NOW)
    features = {former.get(name, name): value for name, value in present.alert["features"].items()}
    found = replace(present, alert={**present.alert, "feature_spec_hash": "4d6fbad85b6bf301", "features": features})
    assert found.features_of().tolist() == VALUES[:WIDTH].tolist()
    assert found.logged_the_same


def test_alert_of_a_model_with_declared_columns_has_them_behind_the_others():
    manifest = declared_artifact().manifest
    names = manifest.feature_names
    values = np.arange(len(names), dtype=np.float32)
    alert = {
        "feature_spec_hash": manifest.feature_spec_hash,
        "score": 0.5,
        "features": dict(zip(names, values.tolist(), strict=True)),
    }
    found = AlertRecord(alert=alert, repeats=0, logged={"score": 0.5, "features": values.tolist()})
    assert found.features_of(manifest).tolist() == values.tolist()
    assert found.logged_the_same
    with pytest.raises(UserError, match="and name its model with --model"):
        found.features_of()

"""Reasons from contributions."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.artifact import Artifact, ArtifactError, Manifest
from models.scoring.contributions import read_contributions
from models.scoring.reason_code import ReasonCode
from models.scoring.reason_finder import ReasonFinder, contributing_codes
from tests.unit.training.histories import artifact

ROW = np.array([feature.missing for feature in FEATURES], np.float32)


def columns(**values):
    made = np.zeros(len(FEATURES))
    for name, value in values.items():
        made[FEATURE_NAMES.index(name)] = value
    return made


def without_covers() -> bytes:
    model = onnx.load_from_string(artifact().onnx)
    del model.metadata_props[:]
    return model.SerializeToString()


def test_features_of_one_code_add_up_and_the_strongest_is_named():
    (reason,) = contributing_codes(ROW, columns(amount_z_7d=0.5, amount_z_30d=1.25, amount=-0.25), 3)
    assert (reason.code, reason.feature, reason.contribution) == (ReasonCode.AMOUNT, "amount_z_30d", 1.5)


def test_strongest_codes_come_first_without_those_against_fraud():
    found = contributing_codes(
        ROW, columns(new_device=0.5, hour=2.0, amount_sum_7d=-3.0, type_risk=0.1, speed_kmh=1.0), 3
    )
    assert [reason.code for reason in found] == [ReasonCode.TIME_OF_DAY, ReasonCode.TRAVEL, ReasonCode.NEW_DEVICE]


def test_value_and_usual_are_those_of_the_row():
    row = ROW.copy()
    row[FEATURE_NAMES.index("amount")], row[FEATURE_NAMES.index("amount_mean_7d")] = 1_000, 10
    (reason,) = contributing_codes(row, columns(amount=1.0), 3)
    assert (reason.value, reason.usual) == (1_000, 10)
    (reason,) = contributing_codes(ROW, columns(hour=1.0), 3)
    assert reason.usual is None


def test_reasons_are_by_contribution_if_the_manifest_has_contributions():
    assert artifact().manifest.reasons == "contributions"
    found = ReasonFinder(artifact()).find(ROW)
    expected = contributing_codes(ROW, read_contributions(artifact().onnx).contributions(ROW), 3)
    assert found == expected
    assert all(reason.contribution > 0 for reason in found)


def test_reasons_of_an_artifact_of_an_earlier_version_are_unusual_values():
    fields = artifact().manifest.model_dump()
    del fields["reasons"]
    earlier = Artifact(manifest=Manifest(**fields), onnx=without_covers())
    row = ROW.copy()
    row[FEATURE_NAMES.index("amount")], row[FEATURE_NAMES.index("amount_mean_7d")] = 1_000, 10
    (reason,) = ReasonFinder(earlier).find(row)
    assert (reason.code, reason.feature, reason.contribution) == (ReasonCode.AMOUNT, "amount", None)


def test_promised_contributions_without_covers_are_refused():
    with pytest.raises(ArtifactError, match="expected covers of its trees, as the manifest has it, got none"):
        ReasonFinder(replace(artifact(), onnx=without_covers()))

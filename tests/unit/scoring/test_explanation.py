"""Explanations of scores."""

import math

import numpy as np
import pytest

from models.features.table import FEATURE_NAMES
from models.promotion.latency import reference_rows
from models.scoring.explanation import explain
from models.scoring.model import OnnxModel
from models.scoring.reason_finder import ReasonFinder
from tests.unit.training.histories import artifact


@pytest.fixture(scope="module")
def row():
    rows = reference_rows(artifact())
    return rows[np.argmax(OnnxModel(artifact().onnx).score(rows))]


def test_score_equals_that_of_the_row_in_any_batch(row):
    batch = np.vstack([reference_rows(artifact()), row])
    assert explain(artifact(), row).score == OnnxModel(artifact().onnx).score(batch)[-1]


def test_contributions_add_up_to_the_score(row):
    found = explain(artifact(), row)
    log_odds = found.expected + sum(part.contribution for part in found.parts)
    assert 1 / (1 + math.exp(-log_odds)) == pytest.approx(found.score, abs=1e-6)


def test_every_feature_has_a_contribution_sorted_by_weight(row):
    found = explain(artifact(), row)
    weights = [abs(part.contribution) for part in found.parts]
    assert weights == sorted(weights, reverse=True)
    assert {part.feature: part.value for part in found.parts} == dict(zip(FEATURE_NAMES, row.tolist(), strict=True))


def test_reasons_equal_those_of_an_alert(row):
    assert explain(artifact(), row).reasons == ReasonFinder(artifact()).find(row)

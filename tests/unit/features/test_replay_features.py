"""Replay of a history into features."""

import numpy as np
import pyarrow as pa
import pytest

from models.features import replay
from models.features.replay import replay_features
from models.features.risk import RiskTable
from tests.unit.training.histories import history

NO_RISK = {"category_risk": RiskTable(), "type_risk": RiskTable()}


@pytest.mark.parametrize("batch_rows", [1, 97])
def test_features_do_not_depend_on_the_batch_size(monkeypatch, batch_rows):
    table = history().slice(0, 600)
    whole, _ = replay_features(table, **NO_RISK)
    monkeypatch.setattr(replay, "BATCH_ROWS", batch_rows)
    parts, _ = replay_features(table, **NO_RISK)
    assert whole.tobytes() == parts.tobytes()


def test_row_does_not_see_later_rows():
    table = history().slice(0, 600)
    whole, _ = replay_features(table, **NO_RISK)
    beginning, _ = replay_features(table.slice(0, 300), **NO_RISK)
    assert whole[:300].tobytes() == beginning.tobytes()


def test_repeated_transactions_are_reported():
    table = history().slice(0, 50)
    _, duplicate = replay_features(pa.concat_tables([table, table]), **NO_RISK)
    assert duplicate.tolist() == [False] * 50 + [True] * 50


def test_features_are_float32_and_never_nan():
    x, _ = replay_features(history(), **NO_RISK)
    assert x.dtype == np.float32
    assert not np.isnan(x).any()

"""Rows of a history that starts cold."""

import numpy as np
import pyarrow as pa

from models.features.replay import replay_features
from models.features.risk import RiskTable
from models.features.table import FEATURE_NAMES
from models.training.cold_start import cold_start
from models.training.history import History
from models.training.protocol import Transactions
from tests.unit.training.histories import history

NO_RISK = {"category_risk": RiskTable(), "type_risk": RiskTable()}


def past(table):
    """Return a history before its replay; a cold start needs none of its features."""
    none = np.empty((0, len(FEATURE_NAMES)), np.float32)
    return History(
        table=table, transactions=Transactions.of(table), x=none, duplicate=np.zeros(len(table), np.bool_), **NO_RISK
    )


def started(table, period, *, with_labels):
    return cold_start(past(table), period, with_labels=with_labels, progress=lambda *_: None)


KNOWN = [FEATURE_NAMES.index(name) for name in ("merchant_labels_30d", "known_genuine", "known_frauds")]


def period(first, last):
    rows = np.zeros(len(history()), np.bool_)
    rows[first:last] = True
    return rows


def test_cold_start_sees_nothing_from_before_the_period():
    cold = started(history(), period(500, 900), with_labels=True)
    alone, _ = replay_features(history().slice(500, 400), with_labels=True, **NO_RISK)
    assert cold.rows.tolist() == list(range(500, 900))
    assert cold.x.tobytes() == alone.tobytes()
    assert cold.x[0, FEATURE_NAMES.index("history_count")] == 0


def test_labels_are_known_only_if_requested():
    whole = period(0, len(history()))
    assert started(history(), whole, with_labels=True).x[:, KNOWN].any()
    assert not started(history(), whole, with_labels=False).x[:, KNOWN].any()


def test_duplicates_are_left_out():
    table = pa.concat_tables([history().slice(0, 50)] * 2)
    cold = started(table, np.ones(100, np.bool_), with_labels=False)
    assert cold.rows.tolist() == list(range(50))


def test_an_empty_period_has_no_rows():
    cold = started(history(), period(0, 0), with_labels=True)
    assert cold.rows.shape == (0,)
    assert cold.x.shape == (0, len(FEATURE_NAMES))

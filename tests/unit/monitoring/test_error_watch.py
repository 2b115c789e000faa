"""Drift of the prediction error."""

import numpy as np

from models.drift.observation import OBSERVATION_SIZE
from models.drift.signals import ERROR
from models.monitoring.error_watch import ErrorWatch
from models.monitoring.label_monitor import Matured
from tests.unit.training.histories import artifact

NOON_MS = 1_767_614_400_000
FRAUDS, QUIET, WORSE = 0.02, 40, 40


def fed(model_id: str, missed: float):
    """Feed detected frauds, then a share of missed ones; return the events."""
    rng = np.random.default_rng(1)
    watch = ErrorWatch(artifact().manifest)
    records = []
    for number in range((QUIET + WORSE) * OBSERVATION_SIZE):
        fraud = bool(rng.random() < FRAUDS)
        found = number < QUIET * OBSERVATION_SIZE or rng.random() >= missed
        score = 0.9 if fraud and found else 0.01
        matured = Matured(model_id=model_id, event_time_ms=NOON_MS + number, score=score, is_fraud=fraud)
        records += [(number, record) for record in watch.update(matured, NOON_MS)]
    return records


def test_missed_frauds_are_a_drift_of_the_error():
    model_id = artifact().manifest.model_id
    records = fed(model_id, missed=1.0)
    rivers = [(number, record) for number, record in records if record["detector"] != "PSI"]
    assert rivers
    assert all(record["signal"] == ERROR and record["model_id"] == model_id for _, record in rivers)
    assert all(number > QUIET * OBSERVATION_SIZE for number, _ in rivers)


def test_constant_error_is_no_drift():
    assert [record for _, record in fed(artifact().manifest.model_id, missed=0.0) if record["detector"] != "PSI"] == []


def test_other_models_are_ignored():
    assert fed("another", missed=1.0) == []

import numpy as np

from models.drift.observation import OBSERVATION_SIZE
from models.drift.signals import ERROR
from models.monitoring.error_watch import ErrorWatch
from models.monitoring.label_monitor import Matured
from tests.unit.training.histories import artifact

NOON_MS = 1_767_614_400_000
FRAUDS, QUIET, WORSE = 0.02, 40, 40


def fed(model_id: str, missed: float):
    """Feed frauds that are found, then a share that is missed; return the events."""
    rng = np.random.default_rng(1)
    watch = ErrorWatch(artifact().manifest)
    records = []
    for place in range((QUIET + WORSE) * OBSERVATION_SIZE):
        fraud = bool(rng.random() < FRAUDS)
        found = place < QUIET * OBSERVATION_SIZE or rng.random() >= missed
        score = 0.9 if fraud and found else 0.01
        matured = Matured(model_id=model_id, event_time_ms=NOON_MS + place, score=score, is_fraud=fraud)
        records += [(place, record) for record in watch.update(matured, NOON_MS)]
    return records


def test_frauds_that_are_missed_are_a_drift_of_the_error():
    model_id = artifact().manifest.model_id
    records = fed(model_id, missed=1.0)
    rivers = [(place, record) for place, record in records if record["detector"] != "PSI"]
    assert rivers
    assert all(record["signal"] == ERROR and record["model_id"] == model_id for _, record in rivers)
    assert all(place > QUIET * OBSERVATION_SIZE for place, _ in rivers)


def test_error_that_stays_is_none():
    assert [record for _, record in fed(artifact().manifest.model_id, missed=0.0) if record["detector"] != "PSI"] == []


def test_other_models_are_passed_over():
    assert fed("another", missed=1.0) == []

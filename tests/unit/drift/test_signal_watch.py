"""Drift detection on one signal: shifts are detected, stationary signals are not."""

import io

import fastavro
import pytest

from models.drift.detector import JOB_DETECTORS
from models.drift.psi_window import WARM_UP, WINDOW
from models.drift.watch import PSI, SignalWatch
from schemas.avro_schemas import DRIFT, parsed_schema
from schemas.wall_clock import utc
from tests.unit.drift.signal_observations import ERROR, EXPECTED, observation, observations

NOW_MS = 1_700_000_000_000
QUIET = 100


def feed(watch: SignalWatch, items):
    return [record for item in items for record in watch.update(item, NOW_MS)]


def shifted(shift: float, count: int = 60):
    return observations(QUIET) + observations(count, shift=shift, seed=2, first=QUIET)


@pytest.mark.parametrize("shift", [4.0, -4.0])
def test_every_detector_of_the_job_detects_a_shift_soon(shift):
    records = feed(SignalWatch("amount", {}), shifted(shift))
    fired = {kind: [r["observation"] for r in records if r["detector"] == kind] for kind in JOB_DETECTORS}
    assert all(found and QUIET < found[0] <= 130 for found in fired.values()), fired


@pytest.mark.parametrize("seed", range(5))
def test_stationary_signal_is_no_drift(seed):
    assert feed(SignalWatch("amount", {}), observations(1_000, seed=seed)) == []


def test_constant_offset_from_the_training_mean_is_no_drift():
    assert feed(SignalWatch("amount", {}), observations(1_000, shift=3.0)) == []


def test_histogram_shift_under_the_same_mean_is_a_drift():
    usual, bent = (observation(bins=bins) for bins in ([100] * 10, [400, 0, 0, 100, 100, 0, 0, 0, 0, 400]))
    (record,) = feed(SignalWatch("amount", {}), [usual] * WARM_UP * WINDOW + [bent] * 3 * WINDOW)
    assert (record["detector"], record["observation"]) == (PSI, (WARM_UP + 1) * WINDOW)
    assert record["psi"] > 1


def test_record_is_in_the_unit_of_the_signal_and_fits_the_schema():
    records = feed(SignalWatch("amount", {}), shifted(6.0))
    assert records
    for record in records:
        fastavro.schemaless_writer(io.BytesIO(), parsed_schema(DRIFT), record, strict=True)
        assert record["signal"] == "amount"
        assert record["detected_at"] == utc(NOW_MS)
        assert record["event_time"] == utc(1_000 + record["observation"] - 1)
        assert EXPECTED < record["observed"] < EXPECTED + 10 * ERROR
        assert EXPECTED < record["estimate"] < EXPECTED + 10 * ERROR
        assert (record["expected"], record["model_id"]) == (EXPECTED, "fraud-1")
        assert record["psi"] == pytest.approx(0)


def test_record_of_an_earlier_version_is_read_without_later_fields():
    (record, *_) = feed(SignalWatch("amount", {}), shifted(6.0))
    added = ("expected", "psi", "model_id")
    body = io.BytesIO()
    older = {name: value for name, value in record.items() if name not in added}
    fastavro.schemaless_writer(body, parsed_schema("drift_v1"), older, strict=True)
    body.seek(0)
    read = fastavro.schemaless_reader(body, parsed_schema("drift_v1"), parsed_schema(DRIFT))
    assert read["drift_id"] == record["drift_id"]
    assert [read[name] for name in added] == [None] * 3


def test_ids_differ_by_signal_detector_and_observation_and_are_reproducible():
    one, again = (feed(SignalWatch("amount", {}), shifted(6.0)) for _ in range(2))
    other = feed(SignalWatch("score", {}), shifted(6.0))
    ids = [record["drift_id"] for record in one]
    assert [record["drift_id"] for record in again] == ids
    assert len(set(ids)) == len(ids) >= 1
    assert not set(ids) & {record["drift_id"] for record in other}


@pytest.mark.parametrize("stop", [1, 99, 105])
def test_restored_watch_continues_exactly(stop):
    items = shifted(4.0)
    expected = feed(SignalWatch("amount", {}), items)
    first = SignalWatch("amount", {})
    before = feed(first, items[:stop])
    assert before + feed(SignalWatch("amount", first.state()), items[stop:]) == expected


def test_another_model_starts_over_and_its_level_is_no_drift():
    promoted = observations(200, shift=6.0, seed=2, first=QUIET, model_id="fraud-2")
    watch = SignalWatch("score", {})
    assert feed(watch, observations(QUIET) + promoted) == []
    later = feed(watch, observations(60, shift=12.0, seed=3, first=QUIET + 200, model_id="fraud-2"))
    assert {record["model_id"] for record in later} == {"fraud-2"}
    assert later[0]["observation"] > QUIET + 200

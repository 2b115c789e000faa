"""The smallest scorecard: its ranking and its reproducibility are checked, not its figures."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.drift.compared_detectors import ALWAYS, JOB, NEVER
from benchmarks.drift.results import Figures, report
from benchmarks.drift.scenarios import (
    DRIFTS,
    QUIET,
    RARE,
    RARE_SHARE,
    RARE_SIGNAL,
    rare_coordinates,
    without_coordinates,
)
from benchmarks.drift.streams import NAMES, Signals
from benchmarks.drift.trial import Sizes, evaluate
from models.drift.observation import OBSERVATION_SIZE
from models.scoring.artifact import Artifact, load_artifact
from models.training.train import train
from tests.unit.training.histories import SMALL as SMALL_MODEL
from tests.unit.training.histories import artifact, history

SMALL = Sizes(worlds=1, customers=700, days=21, drift_day=14, streams=1)


@cache
def figures() -> Figures:
    return evaluate(artifact(), without_locations(), SMALL, seed=3)


@cache
def without_locations() -> Artifact:
    """Train on the history without its coordinates."""
    with TemporaryDirectory() as folder:
        pq.write_table(without_coordinates(history()), Path(folder) / "history.parquet")
        train(Path(folder) / "history.parquet", Path(folder) / "model", learner=SMALL_MODEL)
        return load_artifact(Path(folder) / "model")


def test_values_of_a_signal_that_was_constant_in_training_are_rare_and_no_alarm():
    assert set(without_locations().manifest.signals[RARE_SIGNAL].variances) == {0.0}
    distance = Signals.of(rare_coordinates(history(), 1), without_locations()).values[:, NAMES.index(RARE_SIGNAL)]
    assert 0 < np.count_nonzero(distance != -1) < 4 * RARE_SHARE * len(distance)
    assert figures().cards[JOB].alarms[RARE] == 0
    assert figures().cards[ALWAYS].alarms[RARE] > 0
    assert report(figures()).figures["expected_false_alarms_per_million"][RARE] == 0


def test_job_ranks_between_the_always_and_the_never_firing_detector():
    cards = figures().cards
    for quiet in QUIET:
        assert cards[NEVER].rate(quiet) == 0
        assert cards[JOB].rate(quiet) < cards[ALWAYS].rate(quiet) / 100
    for drift in DRIFTS:
        assert cards[NEVER].misses[drift] == 1
        assert cards[ALWAYS].misses[drift] == 0
    assert cards[JOB].missed < len(DRIFTS)


def test_delays_are_no_shorter_than_those_of_the_always_firing_detector():
    cards = figures().cards
    for drift in DRIFTS:
        ((shortest, hours),) = cards[ALWAYS].delays[drift]
        assert shortest == OBSERVATION_SIZE
        for card in cards.values():
            assert all(events >= shortest and after >= hours for events, after in card.delays[drift])


def test_report_has_tables_charts_and_json_figures(tmp_path):
    found = report(figures())
    files = {file.name: file.read_text() for file in found.write(tmp_path)}
    assert json.loads(json.dumps(found.figures))["delay_events"].keys() == set(DRIFTS)
    assert all(name in files["drift.md"] for name in (JOB, ALWAYS, NEVER, *DRIFTS))
    assert files["drift.svg"].lstrip().startswith("<?xml")
    found.show(Console(quiet=True))


def test_same_seed_gives_the_same_figures():
    less = replace(SMALL, customers=300)
    one, again = (report(evaluate(artifact(), without_locations(), less, seed=5)) for _ in range(2))
    assert one.raw == again.raw

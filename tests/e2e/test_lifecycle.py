"""The loop from a new fraud pattern to a model trained on it, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.clean_environment import clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1_200)]

FRAUDSTREAM = Path(sys.executable).parent / "fraudstream"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lifecycle")


@pytest.fixture(scope="module")
def summary(folder: Path) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603  (a command of this project)
        [str(FRAUDSTREAM), "demo", "lifecycle"],
        cwd=folder,
        env=clean_environment(folder),
        capture_output=True,
        text=True,
        timeout=1_100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_recall_of_the_new_pattern_recovers_by_a_swap_without_data_loss(summary):
    assert summary["recall_before"] < 0.25
    assert summary["recall_after"] >= max(0.5, 2 * summary["recall_before"])
    assert (summary["swaps"], summary["lost_events"]) == (1, 0)


def test_drift_is_detected_after_the_labels_are_mature(summary):
    assert 4 * 86_400 < summary["drift_delay_s"] < 12 * 86_400


def test_chart_marks_the_events(folder, summary):
    assert summary["retrain_s"] > 0
    page = (folder / "state" / "lifecycle" / "recall.svg").read_text()
    assert all(mark in page for mark in ("drift seen", "trained up to here", "promoted"))

"""The demo as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.e2e.clean_environment import clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FRAUDSTREAM = Path(sys.executable).parent / "fraudstream"
KEYS = {"transactions", "alerts", "precision", "recall", "events_per_s", "p50_ms", "p99_ms"}


def living(folder: Path) -> list[str]:
    """List the command lines of processes that refer to `folder`."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "environ", "status"]):
        words = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
        words += (process.info["environ"] or {}).values()
        ours = any(str(folder) in word for word in words) and process.pid != os.getpid()
        if ours and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(words[:4]))
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(  # noqa: S603  (a command of this project)
        [str(FRAUDSTREAM), "demo"],
        cwd=folder,
        env=clean_environment(folder),
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    return done, folder


@pytest.fixture(scope="module")
def summary(demo) -> dict[str, float]:
    return json.loads(demo[0].stdout.splitlines()[-1])


def test_demo_succeeds_and_leaves_nothing_running(demo):
    done, folder = demo
    assert done.returncode == 0, done.stdout + done.stderr
    assert living(folder) == []


def test_last_line_is_the_summary_as_json(summary):
    assert set(summary) == KEYS
    assert all(isinstance(value, int | float) for value in summary.values())


def test_demo_finds_the_frauds(summary):
    assert summary["recall"] >= 0.6
    assert summary["precision"] >= 0.5
    assert 0 < summary["alerts"] < summary["transactions"] * 0.05


def test_alerts_are_published_soon(summary):
    assert 0 < summary["p50_ms"] <= summary["p99_ms"]
    assert summary["events_per_s"] > 500


def test_demo_shows_each_step_and_the_submit_command(demo):
    text = demo[0].stdout
    assert [f"{step}." in text for step in range(1, 6)] == [True] * 5
    assert "flink run" in text
    assert "score_transactions.py" in text

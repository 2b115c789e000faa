"""The chaos harness as a user runs it: after any kill, the scores are the oracle's and none is lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.unit.training.histories import artifact_folder

FRAUDSTREAM = Path(sys.executable).parent / "fraudstream"

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def own(folder: Path, **variables: str) -> dict[str, str]:
    """Return an environment in which the command keeps everything in a folder."""
    state, model = str(folder / "state"), str(artifact_folder())
    return os.environ | {"FRAUDSTREAM_PATHS__STATE": state, "FRAUDSTREAM_MODEL__ARTIFACT": model, **variables}


def run_chaos(folder: Path, *options: str, **variables: str) -> dict[str, Any]:
    """Run the command; it may leave no process running, also when it fails."""
    line = [str(FRAUDSTREAM), "chaos", "--json", *options]
    done = subprocess.run(  # noqa: S603  (our own command)
        line, cwd=folder, env=own(folder, **variables), capture_output=True, text=True, check=False
    )
    assert living(folder) == []
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def living(folder: Path) -> list[str]:
    processes = (process.info for process in psutil.process_iter(["cmdline", "cwd", "status"]))
    lines = (
        " ".join([*(info["cmdline"] or ()), info["cwd"] or ""])
        for info in processes
        if info["status"] != psutil.STATUS_ZOMBIE
    )
    return [line for line in lines if str(folder) in line]


def assert_whole(found: dict[str, Any]) -> None:
    assert found["published"] > 0
    assert found["alerts"] > 0
    assert found["broken"] == []
    # Otherwise the run shows nothing of what changes meanwhile.
    assert found["models"] == 2
    assert found["rule_books"] >= 2
    assert found["label_states"] >= 5
    assert found["lost"] == found["score_differences"] == found["alerts_lost"] == found["alert_differences"] == 0
    if found["guarantee"] == "exactly-once":
        assert found["duplicated"] == found["alerts_duplicated"] == 0


# Recovery takes minutes on two cores that other tests keep busy.
@pytest.mark.long
@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_each_component_may_be_killed_and_the_checkpoint_folder_lost(tmp_path, guarantee):
    found = run_chaos(
        tmp_path,
        *("--kills", "4", "--seed", "2", "--rate", "75", "--no-outage", "--guarantee", guarantee),
        FRAUDSTREAM_JOB__CHECKPOINT_INTERVAL_S="1",
    )
    assert_whole(found)
    hit = {fault["target"] for fault in found["hits"]}
    assert hit == {"taskmanager", "jobmanager", "zookeeper", "broker", "checkpoint folder"}


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_twenty_kills_lose_double_and_change_nothing(tmp_path, guarantee):
    found = run_chaos(tmp_path, "--kills", "20", "--guarantee", guarantee)
    assert_whole(found)
    assert found["kills"] == 20
    assert "outage" in {fault["target"] for fault in found["hits"]}


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_python_workers_may_be_killed_too(tmp_path):
    found = run_chaos(tmp_path, "--kills", "10", "--mode", "process", "--guarantee", "exactly-once")
    assert_whole(found)
    assert "python worker" in {fault["target"] for fault in found["hits"]}


@pytest.mark.long
def test_interrupted_chaos_leaves_nothing_behind(tmp_path):
    line = [str(FRAUDSTREAM), "chaos", "--kills", "20"]
    with subprocess.Popen(line, cwd=tmp_path, env=own(tmp_path), stderr=subprocess.PIPE, text=True) as chaos:  # noqa: S603
        assert any("back;" in text for text in chaos.stderr or ())
        chaos.send_signal(signal.SIGINT)
        assert chaos.wait(timeout=120) == 130
    assert living(tmp_path) == []

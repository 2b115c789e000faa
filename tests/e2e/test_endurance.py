"""Soak, overload and recovery, as run and checked by `fraudstream bench endurance`."""

import json
import subprocess
import sys

import pytest

from fraudstream.system.folders import PROJECT_ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(4_500)]


def test_job_endures_a_soak_and_an_overload():
    command = [sys.executable, "-m", "benchmarks", "endurance"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout.splitlines()[-1])["unscored"] == 0

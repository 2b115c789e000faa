"""The examples as their pages have them, from nothing to alerts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from tests.e2e.clean_environment import clean_environment
from tests.example_folders import EXAMPLES, example_commands

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_two_commands_lead_from_nothing_to_alerts(name, tmp_path):
    (tmp_path / "examples").symlink_to(PROJECT_ROOT / "examples")
    environment = clean_environment(tmp_path)
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    commands = example_commands(name)
    assert len(commands) == 2
    done = subprocess.run(  # noqa: S603  (a page of this project)
        ["/bin/bash", "-euc", "\n".join(commands)],
        cwd=tmp_path,
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["precision"] >= 0.5
    assert summary["recall"] >= 0.5
    assert "flink run" in done.stdout

"""The examples as their pages have them, from nothing to alerts."""

import json

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from tests.e2e.clean_environment import clean_environment
from tests.example_folders import EXAMPLES, example_commands
from tests.page_commands import run_commands

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_two_commands_lead_from_nothing_to_alerts(name, tmp_path):
    (tmp_path / "examples").symlink_to(PROJECT_ROOT / "examples")
    commands = example_commands(name)
    assert len(commands) == 2
    printed = run_commands("\n".join(commands), tmp_path, clean_environment(tmp_path), timeout=800)
    summary = json.loads(printed.splitlines()[-1])
    assert summary["precision"] >= 0.5
    assert summary["recall"] >= 0.5
    assert "flink run" in printed

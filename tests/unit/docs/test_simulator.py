"""The page of the simulator against its settings."""

import re
from dataclasses import fields

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from producers.scenarios import NEW_PATTERN, SCENARIOS
from producers.simulation_config import SimulationConfig

PAGE = (PROJECT_ROOT / "docs" / "simulator.md").read_text()
SETTINGS = ("household_share", "terminal_share", "fresh_device_share", "rushes_per_day", "new_merchant_share")


@pytest.mark.parametrize(("play", "share"), SCENARIOS, ids=lambda value: getattr(value, "__name__", None))
def test_page_states_the_share_of_each_scenario(play, share):
    assert f"| `{play.__name__}` | {share:.0%} |".replace("%", " %") in PAGE


def test_page_lists_no_other_scenario():
    listed = re.findall(r"^\| `(\w+)` \| (?:\d+ %|from a drift on) \|", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted([*(play.__name__ for play, _ in SCENARIOS), NEW_PATTERN.__name__])


@pytest.mark.parametrize("name", SETTINGS)
def test_page_states_the_default_of_each_look_alike(name):
    defaults = {field.name: field.default for field in fields(SimulationConfig)}
    assert f"| `{name}` | {defaults[name]:g} |" in PAGE

"""The configuration page is generated from the settings, and pages name existing settings."""

import re

import pytest

from fraudstream.settings.reference import configuration_reference
from fraudstream.settings.setting_names import setting_names, variable_name
from fraudstream.settings.settings import Settings
from fraudstream.system.folders import PROJECT_ROOT
from tests.markdown import inline, pages


def test_page_equals_the_generated_reference():
    page = (PROJECT_ROOT / "docs" / "configuration.md").read_text()
    assert page == configuration_reference(), "python -m fraudstream.settings.reference > docs/configuration.md"


@pytest.mark.parametrize("name", sorted(setting_names(Settings)))
def test_every_setting_has_one_row_with_its_variable(name):
    rows = [row for row in configuration_reference().splitlines() if row.startswith(f"| `{name}` ")]
    assert len(rows) == 1
    assert f"`{variable_name(name)}`" in rows[0]


NOT_SETTINGS = {
    "gates.failed",
    "kafka.security",
    "model.onnx",
    "model.tar.gz",
    "job.json",
    "flink.json",
    "model.refused",
    "model.promoted",
    "model.rolled_back",
    "model.failed",
}
"""Files, types of notices and sections that read like settings."""


def unknown_settings(text: str) -> list[str]:
    """List the settings that a text names as code, with or without a value, and that do not exist."""
    known = {*setting_names(Settings), *NOT_SETTINGS}
    sections = "|".join(sorted({name.partition(".")[0] for name in known}))
    named = (re.match(rf"(?:{sections})\.[a-z_.]+(?= = |$)", code) for code in inline(text))
    return [found.group() for found in named if found and found.group() not in known]


@pytest.mark.parametrize(
    "page",
    [page for page in pages() if page.name not in {"CHANGELOG.md", "configuration.md"}],
    ids=lambda page: page.name,
)
def test_settings_that_a_page_names_exist(page):
    assert unknown_settings(page.read_text()) == []


def test_unknown_setting_is_found():
    page = "Set `job.batch_ms = 30`, `job.bach_ms = 30` or `kafka.replica`; see `jobs.json`."
    assert unknown_settings(page) == ["job.bach_ms", "kafka.replica"]

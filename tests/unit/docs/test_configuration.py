import pytest

from fraudstream.settings.reference import configuration_reference
from fraudstream.settings.setting_names import setting_names, variable_name
from fraudstream.settings.settings import Settings
from fraudstream.system.folders import PROJECT_ROOT


def test_page_is_what_the_settings_say():
    page = (PROJECT_ROOT / "docs" / "configuration.md").read_text()
    assert page == configuration_reference(), "python -m fraudstream.settings.reference > docs/configuration.md"


@pytest.mark.parametrize("name", sorted(setting_names(Settings)))
def test_every_setting_has_its_row_with_its_variable(name):
    rows = [row for row in configuration_reference().splitlines() if row.startswith(f"| `{name}` ")]
    assert len(rows) == 1
    assert f"`{variable_name(name)}`" in rows[0]

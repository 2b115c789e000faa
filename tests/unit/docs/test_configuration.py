import pytest

from runtime.configuration.reference import configuration_reference
from runtime.configuration.setting_names import setting_names, variable_name
from runtime.configuration.settings import Settings
from runtime.host.folders import PROJECT_ROOT


def test_page_is_what_the_settings_say():
    page = (PROJECT_ROOT / "docs" / "configuration.md").read_text()
    assert page == configuration_reference(), "python -m runtime.configuration.reference > docs/configuration.md"


@pytest.mark.parametrize("name", sorted(setting_names(Settings)))
def test_every_setting_has_its_row_with_its_variable(name):
    rows = [row for row in configuration_reference().splitlines() if row.startswith(f"| `{name}` ")]
    assert len(rows) == 1
    assert f"`{variable_name(name)}`" in rows[0]

"""Former names of settings."""

from pathlib import Path

import pytest

from fraudstream.settings.former_names import SETTINGS
from fraudstream.settings.setting_names import setting_names, variable_name
from fraudstream.settings.settings import Settings, load_settings
from schemas.errors import UserError

RENAMED = pytest.mark.parametrize(("former", "current"), SETTINGS.items())


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def value_of(settings: Settings, name: str):
    section, key = name.split(".")
    return getattr(getattr(settings, section), key)


def other_value(name: str):
    """Return a valid value that is not the default."""
    default = value_of(Settings(), name)
    return default / 2 if isinstance(default, float) else default + 1


def write(**by_name) -> Path:
    path = Path("fraudstream.toml")
    path.write_text("".join(f"{name} = {value}\n" for name, value in by_name.items()))
    return path


def test_no_former_name_is_a_setting_and_each_current_one_is():
    names = set(setting_names(Settings))
    assert not names & set(SETTINGS)
    assert set(SETTINGS.values()) <= names


@RENAMED
def test_former_name_in_the_file_sets_the_setting_with_a_warning(former, current):
    write(**{former: other_value(current)})
    with pytest.warns(FutureWarning, match=f"fraudstream.toml: {former} is deprecated.*Use {current} instead"):
        settings = load_settings()
    assert value_of(settings, current) == other_value(current)


@RENAMED
def test_former_name_in_the_environment_sets_the_setting_with_a_warning(monkeypatch, former, current):
    value, warnings = other_value(current), []
    monkeypatch.setenv(variable_name(former), str(value))
    settings = load_settings(warn=warnings.append)
    assert value_of(settings, current) == value
    assert [variable_name(former) in text and variable_name(current) in text for text in warnings] == [True]


@RENAMED
def test_environment_overrides_the_file_even_under_a_former_name(monkeypatch, former, current):
    value = other_value(current)
    for in_file, in_environment in ((former, current), (current, former)):
        write(**{in_file: value_of(Settings(), current)})
        monkeypatch.setenv(variable_name(in_environment), str(value))
        assert value_of(load_settings(warn=lambda _: None), current) == value
        monkeypatch.delenv(variable_name(in_environment))


@RENAMED
def test_both_names_in_one_file_are_refused_with_one_line(former, current):
    write(**{former: 1, current: 1})
    with pytest.raises(UserError) as caught:
        load_settings()
    assert str(caught.value) == (
        f"fraudstream.toml: expected {current} once, got it and its former name {former}. Remove {former}"
    )


@RENAMED
def test_both_names_in_the_environment_are_refused(monkeypatch, former, current):
    for name in (former, current):
        monkeypatch.setenv(variable_name(name), "1")
    with pytest.raises(UserError, match=f"environment: expected {variable_name(current)} once"):
        load_settings()


def test_value_out_of_bounds_under_a_former_name_is_refused():
    write(**{"gates.most_flips": 2})
    with pytest.raises(UserError, match=r"gates\.max_decision_changes: expected less than or equal to 1"):
        load_settings(warn=lambda _: None)


def test_former_name_in_another_section_is_unknown():
    write(**{"console.most_us": 2})
    with pytest.raises(UserError, match=r"expected a known setting, got 'console\.most_us'"):
        load_settings()

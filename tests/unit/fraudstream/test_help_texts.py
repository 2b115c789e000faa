"""Help of every command, option and setting uses the field's vocabulary."""

import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from fraudstream.cli.main import app
from fraudstream.settings.reference import configuration_reference

BANNED = re.compile(
    r"\b(tells?|told|whoever|whatever|mend(s|ed|ing)?|beside|looks?|looked|looking|anew|such|judged?s?|"
    r"be so|was so|of then|(?<!at )(?<!at-)(most|least))\b",
    re.IGNORECASE,
)
NO_TEXT = {"help"}


def commands() -> Iterator[tuple[str, typer.core.TyperCommand | TyperGroup]]:
    """Yield every command and group with its path."""
    found = [("fraudstream", typer.main.get_command(app))]
    while found:
        path, command = found.pop()
        yield path, command
        if isinstance(command, TyperGroup):
            found += [(f"{path} {name}", item) for name, item in command.commands.items()]


def texts() -> Iterator[tuple[str, str]]:
    """Yield the help of every command, argument and option."""
    for path, command in commands():
        yield path, command.help or ""
        for item in command.params:
            if item.name not in NO_TEXT:
                yield f"{path}: {item.name}", item.help or ""


TEXTS = dict(texts())


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_help_of_every_command_and_option_uses_the_vocabulary(name):
    text = TEXTS[name]
    assert text[:1].isupper() or text.startswith("k of"), f"{name}: {text!r}"
    assert not BANNED.search(text), f"{name}: {BANNED.search(text)}"


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if ": " in name))
def test_help_of_an_option_describes_its_value(name):
    assert not re.match(r"(Of|Only|So|Who|What|Which|Why|How|0:)\b", TEXTS[name]), TEXTS[name]
    assert TEXTS[name].endswith((".", ")", "]")), TEXTS[name]


@pytest.mark.parametrize("row", [row for row in configuration_reference().splitlines() if row.startswith("| `")])
def test_text_of_a_setting_uses_the_vocabulary(row):
    assert not BANNED.search(row.rpartition(" | ")[2])


def test_banned_words_are_found_and_limits_are_not():
    assert BANNED.search("Seconds between two looks.")
    assert BANNED.search("Most transactions that wait.")
    assert not BANNED.search("Delivery guarantee: at-least-once; at most 10.")

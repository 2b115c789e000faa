"""Every `fraudstream ...` of the pages must be one that the command line takes; nothing is run."""

import re
import shlex

import pytest
import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from fraudstream.cli.main import app
from tests.markdown import blocks, inline, pages

COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*fraudstream (.+)")
PROGRAM = typer.main.get_command(app)


def written() -> list[tuple[str, str]]:
    """List (page, arguments) of each command; in a block each begins its line, in a sentence its code."""
    found = set()
    for page in pages():
        if page.name == "CHANGELOG.md":  # its entries have the names of their release
            continue
        text = page.read_text()
        lines = [line for language, code in blocks(text) if language != "mermaid" for line in code.splitlines()]
        for line in [*lines, *inline(text)]:
            match = COMMAND.match(line.strip())
            if match:
                found.add((page.name, shlex.join(shlex.split(match.group(1), comments=True))))
    return sorted(found)


def refusal(arguments: str) -> str | None:
    """Say why the command line would refuse these arguments for their names or their number; None if it would not."""
    command, places = PROGRAM, 0
    words = shlex.split(arguments)
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            option = _option(command, word)
            if option is None and word != "--help":
                return f"{command.name} has no option {word}"
            if option and not option.is_flag and words:
                words.pop(0)
        elif isinstance(command, TyperGroup):
            if word not in command.commands:
                return f"{command.name} has no command {word}"
            command = command.commands[word]
        else:
            places += 1
    return f"{command.name} takes fewer arguments" if places > _most_arguments(command) else None


def _option(command, name: str) -> TyperOption | None:
    options = [one for one in command.params if isinstance(one, TyperOption)]
    return next((one for one in options if name in [*one.opts, *one.secondary_opts]), None)


def _most_arguments(command) -> float:
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    return float("inf") if any(one.nargs < 0 for one in arguments) else len(arguments)


@pytest.mark.parametrize(("page", "arguments"), written())
def test_command_of_a_page_is_one(page, arguments):
    assert refusal(arguments) is None, page


def test_commands_are_found_in_blocks_and_in_sentences():
    assert {"README.md", "api.md", "upgrades.md"} <= {page for page, _ in written()}
    assert ("commands.md", "status") in written()


@pytest.mark.parametrize(
    "arguments", ["upp", "up --taskmanager 2", "model serve X", "simulate FILE", "--confg X up", "dlq lss"]
)
def test_command_that_is_none_is_noticed(arguments):
    assert refusal(arguments) is not None

"""Every `fraudstream ...` command of the pages is valid; nothing is run."""

import re
import shlex

import pytest
import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from fraudstream.cli.main import app
from tests.markdown import blocks, inline, pages

COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*fraudstream (.+)")
PROGRAM = typer.main.get_command(app)


def commands() -> list[tuple[str, str]]:
    """List (page, arguments) of each command: in a block at the start of a line, in a sentence as inline code."""
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
    """Return why the names or the number of arguments are invalid, or None."""
    command, arguments_given = PROGRAM, 0
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
            arguments_given += 1
    return f"{command.name} has fewer arguments" if arguments_given > _max_arguments(command) else None


def _option(command, name: str) -> TyperOption | None:
    options = [one for one in command.params if isinstance(one, TyperOption)]
    return next((one for one in options if name in [*one.opts, *one.secondary_opts]), None)


def _max_arguments(command) -> float:
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    return float("inf") if any(one.nargs < 0 for one in arguments) else len(arguments)


@pytest.mark.parametrize(("page", "arguments"), commands())
def test_command_of_a_page_is_valid(page, arguments):
    assert refusal(arguments) is None, page


def test_commands_are_found_in_blocks_and_in_sentences():
    assert {"README.md", "api.md", "upgrades.md"} <= {page for page, _ in commands()}
    assert ("commands.md", "status") in commands()


@pytest.mark.parametrize(
    "arguments", ["upp", "up --taskmanager 2", "model serve X", "simulate FILE", "--confg X up", "dlq lss"]
)
def test_invalid_command_is_found(arguments):
    assert refusal(arguments) is not None

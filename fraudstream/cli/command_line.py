"""Groups of commands: former names, refusals of the system as messages, and readers that go away."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from fraudstream.settings.former_names import COMMANDS, WORDS, renamed
from fraudstream.system.system_errors import in_words
from fraudstream.terminal import warn

READER_GONE = 141
"""Exit code of a command whose reader is gone, as shells report for SIGPIPE."""


class CommandGroup(TyperGroup):
    """Group of commands that also answer to their former names."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that the arguments name, by its current or its former name."""
        former = " ".join([*_path(ctx), args[0]])
        current = COMMANDS.get(former, former)
        if current != former:
            warn(renamed(f"`fraudstream {former}`", f"`fraudstream {current}`"))
        words = WORDS.get(current, {})
        for word in filter(words.__contains__, args[1:]):
            warn(renamed(f"`{word}` of `fraudstream {current}`", f"`{words[word]}`"))
        rest = [words.get(word, word) for word in args[1:]]
        return super().resolve_command(ctx, [current.rpartition(" ")[2], *rest])


class CommandLine(CommandGroup):
    """Group of all commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Raises
        ------
        UserError, RuntimeFailure
            A system error that the command does not handle, for example a full disk.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            leave_output()
            raise typer.Exit(READER_GONE) from None
        except OSError as error:
            leave_output()
            raise in_words(error) from error


def _path(context: Any) -> list[str]:
    """Return the names of the groups from below the program down to this one."""
    return [] if context.parent is None else [*_path(context.parent), context.info_name]


def leave_output() -> None:
    """Drop standard output if it is closed: Python would flush it at exit, and print an error."""
    try:
        sys.stdout.flush()
    except OSError:
        _redirect_to_null()


def _redirect_to_null() -> None:
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # not a system file, as in tests
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)

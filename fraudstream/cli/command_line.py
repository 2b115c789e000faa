"""Group of all commands: what the system refuses is a message, and a reader that goes away is an end."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from fraudstream.system.system_errors import in_words

READER_GONE = 141
"""Exit code of a command whose output nobody reads any more: what a shell tells of one that died of SIGPIPE."""


class CommandLine(TyperGroup):
    """The command line as a whole."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Raises
        ------
        UserError, RuntimeFailure
            The system refused a file or had no space for it, and the command had no words of its own for that.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            leave_output()
            raise typer.Exit(READER_GONE) from None
        except OSError as error:
            leave_output()
            raise in_words(error) from error


def leave_output() -> None:
    """Give up standard output if it takes nothing any more: Python would try it once more at its end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        _point_at_nothing()


def _point_at_nothing() -> None:
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # no file of the system: a test's
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)

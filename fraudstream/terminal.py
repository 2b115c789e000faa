"""Output of the commands: results as JSON or tables, warnings, progress."""

import errno
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from fraudstream.settings.settings import Settings, load_settings
from schemas.errors import UserError


class Output(Console):
    """Standard output; ends the command when its reader is gone, see `CommandLine`."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, as any other write does."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


out = Output(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]


def settings_of(context: typer.Context, **sections: dict[str, Any]) -> Settings:
    """Read the settings that the command was started with; options given on the line win.

    Parameters
    ----------
    context
        Holds the file named by `--config`.
    sections
        Values by section; those that are None were not given.
    """
    _require_plain(context.params)
    config: Path | None = context.obj
    given = {name: {k: v for k, v in keys.items() if v is not None} for name, keys in sections.items()}
    return load_settings(config, warn=warn, **{name: keys for name, keys in given.items() if keys})


def warn(text: str) -> None:
    """Show a warning on standard error."""
    err.print("[yellow]Warning:[/]", Text(printable(text)), soft_wrap=True)


def _require_plain(options: Mapping[str, Any]) -> None:
    """Refuse infinite numbers and text that is not UTF-8 in any option."""
    for name, value in options.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, float) and not math.isfinite(item):
                raise UserError(f"expected a finite number as {name}, got {item}. Leave it out for no limit")
            if isinstance(item, str) and not item.isascii() and _has_half_characters(item):
                raise UserError(f"expected UTF-8 as {name}, got {ascii(item)[:80]}. Check the terminal's encoding")


def _has_half_characters(text: str) -> bool:
    """Return whether a text has surrogates, which replace command line bytes that are not UTF-8."""
    return any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True)
class Rows:
    """Table of a result: rows below headings."""

    columns: Sequence[str]
    rows: Iterable[Sequence[object]]


def show(result: Any, *parts: str | Text | Rows, as_json: bool, json_last: bool = False) -> None:
    """Write the result of a command to standard output.

    Parameters
    ----------
    result
        Written as one JSON value with ``--json``.
    parts
        Lines and tables that say the same to people, written otherwise.
    json_last
        Write the JSON below the lines and tables too.
    """
    for part in () if as_json else parts:
        if isinstance(part, Rows):
            write_table(part.columns, part.rows)
        else:
            write_line(part)
    if as_json or json_last:
        write_json(result)


def write_json(value: Any) -> None:
    """Write one JSON value and a line end to standard output."""
    try:
        line = orjson.dumps(value, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # the name of a file need not be UTF-8
        line = (json.dumps(value, default=str) + "\n").encode()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Show rows below headings; cells are plain text, see `write_line`."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    out.print(table)


def write_line(text: str | Text) -> None:
    """Show a line: a plain text can't steer the terminal, and is not parsed as markup; a styled one is ours."""
    out.print(Text(printable(text)) if isinstance(text, str) else text, soft_wrap=True)


def printable(text: str) -> str:
    """Return a text with control characters escaped, so that it can't steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@contextmanager
def download_bar(total: int) -> Iterator[Progress]:
    """Show steps, and a bar for `total` bytes of downloads, on standard error."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    steps = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*(columns if total else steps), console=err, transient=True) as progress:
        progress.add_task("starting", total=total or None)
        yield progress


@contextmanager
def count_bar(what: str, total: int | None) -> Iterator[Progress]:
    """Show a bar for a number of records, on standard error."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"))
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as progress:
        progress.add_task(what, total=total)
        yield progress


def stage_shower(bar: Progress) -> Callable[[str, int, int], None]:
    """Return a callback that shows stage, done and total on a bar of `count_bar`."""

    def show(stage: str, done: int, total: int) -> None:
        bar.update(bar.task_ids[0], description=stage, completed=done, total=total)

    return show

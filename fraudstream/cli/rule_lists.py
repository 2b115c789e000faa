"""Commands `rules lists ...`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.path_parameter import path_argument
from fraudstream.cli.rule_answers import Reason, Wait, open_broker, require_applied, shard_lines, shards_as_json
from fraudstream.terminal import AsJson, Rows, count_bar, err, show, write_line

if TYPE_CHECKING:
    from fraudstream.rules.list_publisher import ListChange, ListPublisher, Sent

app = typer.Typer(help="Add, remove and import list entries.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="LIST", help="Name of a list in the active rules, without @.")]
Values = Annotated[list[str], typer.Argument(metavar="VALUE...", help="Values to match, as in transactions.")]
Until = Annotated[datetime | None, typer.Option(help="Event time of expiry, UTC, exclusive.")]


@app.command("ls")
def list_lists(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Count the values of each list: from the rule file, and added to it.

    [bold]Examples[/]

      fraudstream rules lists ls
    """
    state = _publisher(context).read()
    book, entries = state.book, state.entries
    in_file = {item.name: len(item.entries) for item in (book.lists if book else ())}
    found = [
        {"list": name, "in_file": in_file.get(name, 0), "added": len(entries.get(name, {}))}
        for name in dict.fromkeys([*in_file, *sorted(entries)])
    ]
    rows = [(f"@{item['list']}", f"{item['in_file']:,}", f"{item['added']:,}") for item in found]
    show(found, Rows(("list", "in the file", "added"), rows), as_json=as_json)


@app.command("show")
def show_values(context: typer.Context, name: Name, *, as_json: AsJson = False) -> None:
    """Show the values added to a list, with user, time and reason.

    [bold]Examples[/]

      fraudstream rules lists show stolen_cards
    """
    entries = _publisher(context).in_force().get(name, {}).values()
    rows = [
        (
            entry.value, f"{entry.until:%Y-%m-%d %H:%M}" if entry.until else "-",
            f"{entry.changed_at:%Y-%m-%d %H:%M:%S}", entry.changed_by, entry.reason,
        )
        for entry in entries
    ]  # fmt: skip
    table = Rows(("value", "until", "since", "user", "reason"), rows)
    show([asdict(entry) for entry in entries], table, as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    name: Name,
    values: Values,
    *,
    until: Until = None,
    reason: Reason = "",
    wait: Wait = 30.0,
    as_json: AsJson = False,
) -> None:
    """Add values to a list, or change their expiry, and wait for each shard.

    [bold]Examples[/]

      fraudstream rules lists add stolen_cards c1-00042 c1-00043 --reason "ticket 4712"
      fraudstream rules lists add travellers c1-00042 --until 2027-01-31
    """
    end = None if until is None else until.replace(tzinfo=UTC)
    _change(
        context, lambda publisher, sent: publisher.add(name, dict.fromkeys(values, end), reason, sent), wait, as_json
    )


@app.command()
def remove(
    context: typer.Context,
    name: Name,
    values: Values,
    *,
    reason: Reason = "",
    wait: Wait = 30.0,
    as_json: AsJson = False,
) -> None:
    """Remove values from a list, and wait for each shard. Values from the rule file stay.

    [bold]Examples[/]

      fraudstream rules lists remove stolen_cards c1-00042
    """
    once = dict.fromkeys(values)
    _change(context, lambda publisher, sent: publisher.remove(name, once, reason, sent), wait, as_json)


@app.command("import")
def import_values(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, path_argument(help="CSV with a header, or text with one value per line; UTF-8.")],
    *,
    column: Annotated[str, typer.Option(help="CSV column of the values.")] = "value",
    until_column: Annotated[str, typer.Option(help="CSV column of the expiry times; may be missing.")] = "until",
    reason: Reason = "",
    wait: Wait = 60.0,
    as_json: AsJson = False,
) -> None:
    """Add the values of a file to a list, and wait for each shard.

    Other values of the list are kept. All mistakes in the file are reported before anything is sent.

    [bold]Examples[/]

      fraudstream rules lists import stolen_cards cards.csv --column card --reason "weekly file"
    """
    from fraudstream.rules.value_file import ValueFile

    found = ValueFile.read(file.expanduser(), column=column, until_column=until_column)
    if found.repeated and not as_json:
        write_line(f"{found.repeated:,} duplicate values in the file: the last line of each is used")
    _change(context, lambda publisher, sent: publisher.add(name, found.values, reason, sent), wait, as_json)


def _publisher(context: typer.Context) -> ListPublisher:
    from fraudstream.rules.list_publisher import ListPublisher

    return ListPublisher(open_broker(context))


def _change(
    context: typer.Context, change: Callable[[ListPublisher, Sent], ListChange], wait: float, as_json: bool
) -> None:
    from fraudstream.control.model_events import await_answers

    with count_bar("sending", None) as bar:
        done = change(_publisher(context), lambda count: bar.update(bar.task_ids[0], completed=count))
    if not done.sent:
        show({**asdict(done), "shards": []}, "No change: the values are on the list", as_json=as_json)
        return
    if not as_json:
        write_line(f"{done.added:,} added, {done.changed:,} changed, {done.removed:,} removed")
    with err.status("waiting for the job"):
        shards = await_answers(open_broker(context), done.change_id, seconds=wait)
    show({**asdict(done), "shards": shards_as_json(shards)}, *shard_lines(shards), as_json=as_json)
    require_applied(shards)

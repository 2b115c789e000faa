from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.rule_answers import (
    Reason,
    Wait,
    all_answers,
    open_services,
    require_followed,
    shards_as_json,
    show_answers,
)
from fraudstream.terminal import AsJson, count_bar, err, out, write_json, write_line, write_table

if TYPE_CHECKING:
    from fraudstream.rules.list_publisher import ListOrder, ListPublisher, Sent

app = typer.Typer(help="List entries that are added and removed one by one, or imported.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="LIST", help="Name of a list of the rules in force, without @.")]
Values = Annotated[list[str], typer.Argument(metavar="VALUE...", help="Values as transactions have them.")]
Until = Annotated[
    datetime | None, typer.Option(help="Event time, UTC, from which on they are not on the list any more.")
]


@app.command("ls")
def list_lists(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show how many values are on each list: in the rule file, and added beside it.

    [bold]Examples[/]

      fraudstream rules lists ls
    """
    state = _orders(context).read()
    book, entries = state.book, state.entries
    in_file = {item.name: len(item.entries) for item in (book.lists if book else ())}
    found = [
        {"list": name, "in_file": in_file.get(name, 0), "added": len(entries.get(name, {}))}
        for name in dict.fromkeys([*in_file, *sorted(entries)])
    ]
    if as_json:
        write_json(found)
    else:
        rows = [(f"@{item['list']}", f"{item['in_file']:,}", f"{item['added']:,}") for item in found]
        write_table(("list", "in the file", "added"), rows)


@app.command()
def show(context: typer.Context, name: Name, *, as_json: AsJson = False) -> None:
    """Show the values that were added to a list, with who added them, when and why.

    [bold]Examples[/]

      fraudstream rules lists show stolen_cards
    """
    entries = _orders(context).in_force().get(name, {}).values()
    if as_json:
        write_json([asdict(entry) for entry in entries])
        return
    rows = [
        (
            entry.value, f"{entry.until:%Y-%m-%d %H:%M}" if entry.until else "-",
            f"{entry.changed_at:%Y-%m-%d %H:%M:%S}", entry.changed_by, entry.reason,
        )
        for entry in entries
    ]  # fmt: skip
    write_table(("value", "until", "since", "who", "why"), rows)


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
    """Put values on a list, or give them another end, and wait until each shard follows.

    [bold]Examples[/]

      fraudstream rules lists add stolen_cards c1-00042 c1-00043 --reason "ticket 4712"
      fraudstream rules lists add travellers c1-00042 --until 2027-01-31
    """
    end = None if until is None else until.replace(tzinfo=UTC)
    _change(context, lambda orders, sent: orders.add(name, dict.fromkeys(values, end), reason, sent), wait, as_json)


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
    """Take values off a list, and wait until each shard follows; those of the rule file stay.

    [bold]Examples[/]

      fraudstream rules lists remove stolen_cards c1-00042
    """
    once = dict.fromkeys(values)
    _change(context, lambda orders, sent: orders.remove(name, once, reason, sent), wait, as_json)


@app.command("import")
def import_values(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV with a header, or text with a value a line; UTF-8.")],
    *,
    column: Annotated[str, typer.Option(help="Column of a CSV with the values.")] = "value",
    until_column: Annotated[str, typer.Option(help="Column of a CSV with their ends; it may be missing.")] = "until",
    reason: Reason = "",
    wait: Wait = 60.0,
    as_json: AsJson = False,
) -> None:
    """Put the values of a file on a list, and wait until each shard follows.

    Values that are on the list already and that the file does not name stay on it. All mistakes of the file are
    told before anything is sent.

    [bold]Examples[/]

      fraudstream rules lists import stolen_cards cards.csv --column card --reason "weekly file"
    """
    from fraudstream.rules.value_file import ValueFile

    found = ValueFile.read(file.expanduser(), column=column, until_column=until_column)
    if found.repeated and not as_json:
        out.print(f"{found.repeated:,} values come again in the file: the last line of each counts")
    _change(context, lambda orders, sent: orders.add(name, found.values, reason, sent), wait, as_json)


def _orders(context: typer.Context) -> ListPublisher:
    from fraudstream.rules.list_publisher import ListPublisher

    return ListPublisher(*open_services(context))


def _change(
    context: typer.Context, change: Callable[[ListPublisher, Sent], ListOrder], wait: float, as_json: bool
) -> None:
    settings, services = open_services(context)
    with count_bar("sending", None) as bar:
        order = change(_orders(context), lambda count: bar.update(bar.task_ids[0], completed=count))
    if not order.sent:
        if as_json:
            write_json({**asdict(order), "shards": []})
        else:
            out.print("Nothing changes: the values are on the list")
        return
    if not as_json:
        write_line(f"{order.added:,} added, {order.changed:,} changed, {order.removed:,} removed")
    with err.status("waiting for the job"):
        told = all_answers(settings, services, order.change_id, wait)
    if as_json:
        write_json({**asdict(order), "shards": shards_as_json(told)})
    else:
        show_answers(told)
    require_followed(told)

"""Commands `rules ...`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.cli.rule_answers import Reason, Wait, open_broker, require_applied, shard_lines, shards_as_json
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, Rows, count_bar, err, settings_of, show, stage_shower, warn, write_line
from schemas.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from fraudstream.kafka.broker import Broker
    from fraudstream.rules.dry_run_result import DryRunResult
    from fraudstream.rules.rule_file import RuleFile
    from fraudstream.rules.rule_publisher import RuleChange, RulePublisher
    from fraudstream.settings.settings import Settings
    from models.rules.dry_run import DryRun
    from models.rules.text_table import TextTable
    from schemas.rule_book import RuleBook

app = typer.Typer(help="Manage rules, lists and snoozes, see docs/rules.md.", no_args_is_help=True)

File = Annotated[Path, path_argument(help="TOML file of rules and lists.")]
Customer = Annotated[str, typer.Argument(help="Customer, as customer_id of the transactions.")]


@app.command("ls")
def list_rules(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the active rules, lists and snoozes, and how many shards applied them.

    [bold]Examples[/]

      fraudstream rules ls
      fraudstream rules ls --json | jq .rules
    """
    from fraudstream.control.model_events import await_answers

    broker = open_broker(context)
    publisher = _publisher(broker)
    book = publisher.in_force()
    publisher.note_seen("" if book is None else book.book_id)
    if book is None:
        show(None, "No rules were ever applied: the models decide alone", as_json=as_json)
        return
    shards = await_answers(broker, book.book_id, seconds=0) if book.book_id else []
    added = _added_counts(broker)
    show(
        {**asdict(book), "added": added, "shards": shards_as_json(shards)},
        *_book_parts(book, added),
        *(shard_lines(shards) if shards else []),
        as_json=as_json,
    )


@app.command()
def apply(
    context: typer.Context,
    file: File,
    *,
    reason: Reason = "",
    replaces: Annotated[
        str | None, typer.Option(help="Id of the rule book that the file is based on, see `rules ls`.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace any active rule book.")] = False,
    wait: Wait = 30.0,
    as_json: AsJson = False,
) -> None:
    """Replace the active rules and lists by those of a file, and wait for each shard.

    The file is the whole rule book: rules and lists that it does not name are removed, snoozes are kept. Mistakes are
    reported before anything is sent. A rule book of another user that `rules ls` has not shown here is not replaced.
    Exit code 1 then, and when a shard refuses the rules or does not reply in time.

    [bold]Examples[/]

      fraudstream rules apply rules.toml --reason "gift cards, ticket 4711"
      fraudstream rules apply rules.toml --replaces 6f1c0a0e-93f5-4a53-9f1b-6f4f3f2b7f9c
    """
    from fraudstream.rules.rule_file import RuleFile

    broker = open_broker(context)
    found = RuleFile.read(file)
    _warn_of_former_names(found)
    change = _publisher(broker).apply(found, reason, replaces=replaces, force=force)
    _report(broker, change, wait, as_json=as_json)


@app.command()
def snooze(
    context: typer.Context,
    customer: Customer,
    *,
    days: Annotated[float | None, typer.Option(min=0, help="Duration in days, from now on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Event time of the end, UTC, instead of --days.")] = None,
    reason: Reason = "",
    wait: Wait = 30.0,
    as_json: AsJson = False,
) -> None:
    """Suppress review alerts of a customer up to an event time. Blocks are not suppressed.

    [bold]Examples[/]

      fraudstream rules snooze c1-00042 --days 7 --reason "travels, called on Monday"
      fraudstream rules snooze c1-00042 --until 2026-12-31
    """
    if (days is None) == (until is None):
        raise UserError("expected either --days or --until, got both or none. Set the end of the snooze")
    end = _days_from_now(days or 0) if until is None else until.replace(tzinfo=UTC)
    broker = open_broker(context)
    change = _publisher(broker).snooze(customer, end, reason)
    _report(broker, change, wait, as_json=as_json)


@app.command()
def unsnooze(
    context: typer.Context, customer: Customer, *, reason: Reason = "", wait: Wait = 30.0, as_json: AsJson = False
) -> None:
    """End the snooze of a customer.

    [bold]Examples[/]

      fraudstream rules unsnooze c1-00042
    """
    broker = open_broker(context)
    change = _publisher(broker).unsnooze(customer, reason)
    _report(broker, change, wait, as_json=as_json)


@app.command()
def log(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the audit log of rule changes made with this state folder, oldest first.

    [bold]Examples[/]

      fraudstream rules log
    """
    from fraudstream.rules.rule_log import RuleLog

    entries = RuleLog(settings_of(context)).entries()
    rows = [(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.by, entry.reason, "\n".join(entry.changes)) for entry in entries]
    show([asdict(entry) for entry in entries], Rows(("time", "user", "reason", "changes"), rows), as_json=as_json)


@app.command("dry-run")
def dry_run(
    context: typer.Context,
    file: File,
    *,
    on: Annotated[Path, path_option("--on", help="Labelled Parquet file, or archive of the inference topic.")],
    model: Annotated[Path | None, path_option(help="Folder of the model artifact; model.artifact by default.")] = None,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Backtest rules on past transactions: hits, precision, recall, added and removed alerts.

    Nothing is sent. A Parquet file is replayed through the feature engine; an archive has the features that the job
    logged for its model. Labels and added list values are read from their topics, if a broker is available.

    [bold]Examples[/]

      fraudstream rules dry-run rules.toml --on history.parquet
      fraudstream rules dry-run rules.toml --on artifacts/inference --json | jq .rules
    """
    from fraudstream.rules.dry_run_result import dry_run_rules
    from fraudstream.rules.rule_file import RuleFile
    from models.scoring.loaded_model import load_tested
    from schemas.rule_book import RuleBook

    settings = with_timezone(settings_of(context), timezone)
    rules = RuleFile.read(file)
    _warn_of_former_names(rules)
    book = RuleBook(
        book_id="", changed_at=datetime.now(UTC), changed_by="", reason="", rules=rules.rules, lists=rules.lists
    )
    artifact = load_tested(model or settings.model.artifact)
    with count_bar("reading", None) as bar:
        found = dry_run_rules(
            book,
            on.expanduser(),
            artifact,
            lambda: _labels(settings),
            stage_shower(bar),
            timezone=settings.files.timezone,
            limits=settings.file_limits,
            local_zone=settings.job.time_zone,
            lists=_lists(settings),
            declaration=settings.declaration,
        )
    show({**asdict(found.figures), "left_out": found.left_out}, *_dry_run_parts(found), as_json=as_json)


def _warn_of_former_names(file: RuleFile) -> None:
    from models.features.former_names import FORMER_NAMES
    from models.rules.language import words_in

    for rule in file.rules:
        for former in sorted(words_in(rule.when) & FORMER_NAMES.keys()):
            warn(f"rule {rule.name}: the feature {former} is now called {FORMER_NAMES[former]}. Use that name")


def _publisher(broker: Broker) -> RulePublisher:
    from fraudstream.rules.rule_publisher import RulePublisher

    return RulePublisher(broker)


def _labels(settings: Settings) -> pa.Table | None:
    import pyarrow as pa

    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.readers.positioned_records import read_labels
    from fraudstream.system.failures import NotReady

    try:
        broker = Broker.of(settings)
        require_topics(broker, settings.topics.labels)
    except NotReady:
        return None
    return pa.Table.from_batches([read_labels(broker).records])


def _lists(settings: Settings) -> dict[str, TextTable]:
    """Return the entries added to lists; none without a broker."""
    from fraudstream.kafka.broker import Broker
    from fraudstream.rules.list_publisher import ListPublisher
    from fraudstream.rules.list_tables import list_tables
    from fraudstream.system.failures import NotReady

    try:
        return list_tables(ListPublisher(Broker.of(settings)).in_force())
    except NotReady:
        return {}


def _report(broker: Broker, change: RuleChange, wait: float, *, as_json: bool) -> None:
    """Show a change, and wait for the shards that it concerns."""
    from fraudstream.control.book_replacement import described
    from fraudstream.control.model_events import await_answers, await_one_answer

    if not change.changes:
        show(
            {"book_id": None, "changes": [], "shards": []}, "No change: the active rules are the same", as_json=as_json
        )
        return
    if not as_json:
        replaced = [] if change.replaced is None else [f"Replaces {described(change.replaced)}"]
        for text in (*replaced, *change.changes):
            write_line(text)
    with err.status("waiting for the job"):
        await_reply = await_one_answer if change.shards == "own" else await_answers
        shards = await_reply(broker, change.change_id, seconds=wait)
    result = {
        "book_id": change.change_id,
        "replaces": change.replaced and change.replaced.book_id,
        "changes": change.changes,
        "shards": shards_as_json(shards),
    }
    show(result, *shard_lines(shards), as_json=as_json)
    require_applied(shards)


def _added_counts(broker: Broker) -> dict[str, int]:
    """Count the values added to each list."""
    from fraudstream.control.control_state import read_control
    from schemas.avro_schemas import LIST_ENTRY

    entries = read_control(broker, (LIST_ENTRY,)).entries
    return {name: len(found) for name, found in entries.items() if found}


def _book_parts(book: RuleBook, added: dict[str, int]) -> Iterator[str | Rows]:
    from fraudstream.control.book_replacement import described

    if book.book_id:
        yield f"Rule book {described(book)}"
    rules = [(rule.name, rule.action, rule.when, _day(rule.expires), rule.text) for rule in book.rules]
    yield Rows(("rule", "action", "when", "expires", "text"), rules)
    if book.lists:
        lists = [(f"@{item.name}", f"{len(item.entries):,}", f"{added.get(item.name, 0):,}") for item in book.lists]
        yield Rows(("list", "in the file", "added"), lists)
    if book.snoozes:
        snoozes = [(item.customer_id, _day(item.until), item.reason) for item in book.snoozes]
        yield Rows(("snoozed", "until", "reason"), snoozes)


def _days_from_now(days: float) -> datetime:
    try:
        return datetime.now(UTC) + timedelta(days=days)
    except (OverflowError, ValueError):
        raise UserError(f"expected --days that end before the year 10000, got {days}. Set fewer days") from None


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _dry_run_parts(result: DryRunResult) -> Iterator[str | Rows]:
    figures = result.figures
    rows = [
        (
            rule.name, rule.action, f"{rule.hits:,}", f"{rule.share:.3%}", f"{rule.alone:,}",
            _rate(rule.precision), _rate(rule.recall),
        )
        for rule in figures.rules
    ]  # fmt: skip
    yield Rows(("rule", "action", "hits", "hit rate", "unique changes", "precision", "recall"), rows)
    yield Rows(
        ("alerts", "count", "precision", "recall"),
        [("model only", *_alerted(figures, after=False)), ("with rules", *_alerted(figures, after=True))],
    )
    by_currency = (("added", figures.money_added), ("removed", figures.money_removed))
    money = [
        (change, currency, f"{found.frauds:,.2f}", f"{found.genuine:,.2f}")
        for change, amounts in by_currency
        for currency, found in amounts.items()
    ]
    if money:
        yield Rows(("alerts", "currency", "known frauds", "known genuine"), money)
    yield (
        f"{figures.transactions:,} transactions, {figures.labelled:,} labelled, {figures.frauds:,} frauds: "
        f"{figures.added:,} alerts added, {figures.removed:,} removed"
    )
    for name, columns in result.left_out.items():
        yield f"{name} was left out: an archive lacks {', '.join(columns)}. Use a Parquet file"


def _alerted(figures: DryRun, *, after: bool) -> tuple[str, str, str]:
    found = figures.after if after else figures.before
    precision = found.frauds / found.labelled if found.labelled else None
    recall = found.frauds / figures.frauds if figures.frauds else None
    return f"{found.alerts:,}", _rate(precision), _rate(recall)


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3f}"

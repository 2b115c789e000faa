from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
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
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import (
    AsJson,
    count_bar,
    err,
    out,
    settings_of,
    stage_shower,
    write_json,
    write_line,
    write_table,
)
from schemas.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from fraudstream.control.model_events import ShardReport
    from fraudstream.devstack.stack import Services
    from fraudstream.rules.dry_run_result import DryRunResult
    from fraudstream.rules.rule_publisher import RuleOrder, RulePublisher
    from fraudstream.settings.settings import Settings
    from models.rules.dry_run import DryRun
    from models.rules.text_table import TextTable
    from schemas.rule_book import RuleBook

app = typer.Typer(help="Rules beside the model, lists and snoozes: see docs/rules.md.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="Rules and lists in TOML.")]
Customer = Annotated[str, typer.Argument(help="As transactions name it.")]


@app.command("ls")
def list_rules(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the rules, lists and snoozes in force, and how many shards follow them.

    [bold]Examples[/]

      fraudstream rules ls
      fraudstream rules ls --json | jq .rules
    """
    settings, services = open_services(context)
    orders = _orders(settings, services)
    book = orders.in_force()
    orders.note_seen("" if book is None else book.book_id)
    told = [] if book is None or not book.book_id else all_answers(settings, services, book.book_id, 0)
    added = {} if book is None else _added_counts(settings, services)
    if as_json:
        write_json(None if book is None else {**asdict(book), "added": added, "shards": shards_as_json(told)})
    elif book is None:
        out.print("No rules were ever applied: the models decide alone")
    else:
        _show_book(book, added)
        if told:
            show_answers(told)


@app.command()
def apply(
    context: typer.Context,
    file: File,
    *,
    reason: Reason = "",
    replaces: Annotated[
        str | None, typer.Option(help="Id of the rule book that the file is based on; see `rules ls`.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace any rule book that is in force.")] = False,
    wait: Wait = 30.0,
    as_json: AsJson = False,
) -> None:
    """Put the rules and lists of a file in the place of those in force, and wait until each shard follows them.

    It is the whole book: what the file does not name is gone, but for snoozes. A mistake in it is told before
    anything is sent. A rule book that somebody else applied, and that you were not shown by `rules ls`, is not
    replaced. Exit code 1 then, and when a shard refuses, or does not answer in time.

    [bold]Examples[/]

      fraudstream rules apply rules.toml --reason "gift cards, ticket 4711"
      fraudstream rules apply rules.toml --replaces 6f1c0a0e-93f5-4a53-9f1b-6f4f3f2b7f9c
    """
    from fraudstream.rules.rule_file import RuleFile

    settings, services = open_services(context)
    found = RuleFile.read(file)
    order = _orders(settings, services).apply(found, reason, replaces=replaces, force=force)
    _tell(settings, services, order, wait, as_json=as_json)


@app.command()
def snooze(
    context: typer.Context,
    customer: Customer,
    *,
    days: Annotated[float | None, typer.Option(min=0, help="How long, from now on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Event time, UTC, instead of --days.")] = None,
    reason: Reason = "",
    wait: Wait = 30.0,
    as_json: AsJson = False,
) -> None:
    """Silence the reviews of a customer's transactions up to an event time; what is blocked stays so.

    [bold]Examples[/]

      fraudstream rules snooze c1-00042 --days 7 --reason "travels, called on Monday"
      fraudstream rules snooze c1-00042 --until 2026-12-31
    """
    if (days is None) == (until is None):
        raise UserError("expected either --days or --until, was both or none: say how long the snooze lasts")
    end = _days_from_now(days or 0) if until is None else until.replace(tzinfo=UTC)
    settings, services = open_services(context)
    order = _orders(settings, services).snooze(customer, end, reason)
    _tell(settings, services, order, wait, as_json=as_json)


@app.command()
def unsnooze(
    context: typer.Context, customer: Customer, *, reason: Reason = "", wait: Wait = 30.0, as_json: AsJson = False
) -> None:
    """End the snooze of a customer.

    [bold]Examples[/]

      fraudstream rules unsnooze c1-00042
    """
    settings, services = open_services(context)
    _tell(settings, services, _orders(settings, services).unsnooze(customer, reason), wait, as_json=as_json)


@app.command()
def log(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show who changed which rules from this folder of state, when and why, the oldest first.

    [bold]Examples[/]

      fraudstream rules log
    """
    from fraudstream.rules.rule_log import RuleLog

    entries = RuleLog(settings_of(context)).entries()
    if as_json:
        write_json([asdict(entry) for entry in entries])
        return
    rows = [(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.by, entry.reason, "\n".join(entry.changes)) for entry in entries]
    write_table(("when", "who", "why", "what"), rows)


@app.command("dry-run")
def dry_run(
    context: typer.Context,
    file: File,
    *,
    on: Annotated[Path, typer.Option("--on", help="Labelled Parquet file, or archive of the inference topic.")],
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model beside the rules; model.artifact if left out.")
    ] = None,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Say what rules would have done to past transactions: hits, precision, recall, alerts more and less.

    Nothing is sent. A Parquet file is replayed through the engine; an archive has the features that the job logged
    (of its model alone), and labels are taken from their topic, if a broker is there, as
    are the values that were added to lists.

    [bold]Examples[/]

      fraudstream rules dry-run rules.toml --on history.parquet
      fraudstream rules dry-run rules.toml --on artifacts/inference --json | jq .rules
    """
    from fraudstream.rules.dry_run_result import try_rules
    from fraudstream.rules.rule_file import RuleFile
    from models.scoring.loaded_model import load_tested
    from schemas.rule_book import RuleBook

    settings = with_timezone(settings_of(context), timezone)
    found = RuleFile.read(file)
    book = RuleBook(
        book_id="", changed_at=datetime.now(UTC), changed_by="", reason="", rules=found.rules, lists=found.lists
    )
    artifact = load_tested(model or settings.model.artifact)
    with count_bar("reading", None) as bar:
        trial = try_rules(
            book,
            on.expanduser(),
            artifact,
            lambda: _labels(settings),
            stage_shower(bar),
            timezone=settings.files.timezone,
            limits=settings.file_limits,
            local_zone=settings.job.time_zone,
            lists=_lists(settings),
        )
    if as_json:
        write_json({**asdict(trial.figures), "left_out": trial.left_out})
    else:
        _show_trial(trial)


def _orders(settings: Settings, services: Services) -> RulePublisher:
    from fraudstream.rules.rule_publisher import RulePublisher

    return RulePublisher(settings, services)


def _labels(settings: Settings) -> pa.Table | None:
    import pyarrow as pa

    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.readers.placed_records import read_labels
    from fraudstream.system.failures import NotReady

    try:
        broker = Broker.of(settings)
        require_topics(broker, settings.topics.labels)
    except NotReady:
        return None
    return pa.Table.from_batches([read_labels(broker).records])


def _lists(settings: Settings) -> dict[str, TextTable]:
    """Return the entries that were added to lists, none where there is no broker."""
    from fraudstream.devstack.stack import Services
    from fraudstream.kafka.broker import Broker
    from fraudstream.rules.list_publisher import ListPublisher
    from fraudstream.rules.list_tables import list_tables
    from fraudstream.system.failures import NotReady

    try:
        services = Services(bootstrap_servers=Broker.of(settings).bootstrap_servers, rest_url="")
        return list_tables(ListPublisher(settings, services).in_force())
    except NotReady:
        return {}


def _own_answer(settings: Settings, services: Services, order_id: str, seconds: float) -> list[ShardReport]:
    """Return the answer of the one shard that has the customer; without it all shards, silent."""
    from fraudstream.control.model_events import await_one_answer

    return await_one_answer(services.broker(settings), order_id, seconds=seconds)


def _tell(settings: Settings, services: Services, order: RuleOrder, wait: float, *, as_json: bool) -> None:
    from fraudstream.control.book_replacement import described

    if not order.changes:
        if as_json:
            write_json({"book_id": None, "changes": [], "shards": []})
        else:
            out.print("Nothing changes: the rules in force are the same")
        return
    if order.replaced is not None and not as_json:
        write_line(f"Replaces {described(order.replaced)}")
    for change in order.changes if not as_json else ():
        write_line(change)
    with err.status("waiting for the job"):
        answers = _own_answer if order.shards == "own" else all_answers
        told = answers(settings, services, order.order_id, wait)
    if as_json:
        replaced = order.replaced and order.replaced.book_id
        write_json(
            {"book_id": order.order_id, "replaces": replaced, "changes": order.changes, "shards": shards_as_json(told)}
        )
    else:
        show_answers(told)
    require_followed(told)


def _added_counts(settings: Settings, services: Services) -> dict[str, int]:
    """Return by list how many values were added to it."""
    from fraudstream.control.control_state import read_control
    from schemas.avro_schemas import LIST_ENTRY

    entries = read_control(settings, services, (LIST_ENTRY,)).entries
    return {name: len(found) for name, found in entries.items() if found}


def _show_book(book: RuleBook, added: dict[str, int]) -> None:
    from fraudstream.control.book_replacement import described

    if book.book_id:
        write_line(f"Rule book {described(book)}")
    rules = [(rule.name, rule.action, rule.when, _day(rule.expires), rule.text) for rule in book.rules]
    write_table(("rule", "action", "when", "expires", "in words"), rules)
    if book.lists:
        lists = [(f"@{item.name}", f"{len(item.entries):,}", f"{added.get(item.name, 0):,}") for item in book.lists]
        write_table(("list", "in the file", "added"), lists)
    if book.snoozes:
        snoozes = [(item.customer_id, _day(item.until), item.reason) for item in book.snoozes]
        write_table(("snoozed", "until", "why"), snoozes)


def _days_from_now(days: float) -> datetime:
    try:
        return datetime.now(UTC) + timedelta(days=days)
    except (OverflowError, ValueError):
        raise UserError(f"expected --days that end before the year 10000, got {days}. Give fewer days") from None


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _show_trial(trial: DryRunResult) -> None:
    figures = trial.figures
    rows = [
        (
            rule.name, rule.action, f"{rule.hits:,}", f"{rule.share:.3%}", f"{rule.alone:,}",
            _rate(rule.precision), _rate(rule.recall),
        )
        for rule in figures.rules
    ]  # fmt: skip
    write_table(("rule", "action", "hits", "of all", "change alone", "precision", "recall"), rows)
    write_table(
        ("alerts", "count", "precision", "recall"),
        [("the model alone", *_alerted(figures, after=False)), ("with the rules", *_alerted(figures, after=True))],
    )
    out.print(
        f"{figures.transactions:,} transactions, {figures.labelled:,} labelled, {figures.frauds:,} frauds: "
        f"{figures.added:,} alerts more, {figures.removed:,} less",
        soft_wrap=True,
    )
    for name, columns in trial.left_out.items():
        write_line(f"{name} was not tried, since an archive lacks {', '.join(columns)}: use a Parquet file")


def _alerted(figures: DryRun, *, after: bool) -> tuple[str, str, str]:
    found = figures.after if after else figures.before
    precision = found.frauds / found.labelled if found.labelled else None
    recall = found.frauds / figures.frauds if figures.frauds else None
    return f"{found.alerts:,}", _rate(precision), _rate(recall)


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3f}"

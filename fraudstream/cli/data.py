from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, count_bar, err, out, settings_of, write_json
from schemas.errors import UserError

if TYPE_CHECKING:
    from pyarrow import Table

    from fraudstream.settings.settings import Settings
    from producers.publisher import Published, Publisher
    from schemas.registry import SchemaRegistry


class Pace(TypedDict):
    """How fast to send, see `producers.replay.replay`."""

    speed: float | None
    rate: float | None


def simulate(
    *,
    target: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same file.")] = 1,
    customers: Annotated[int, typer.Option(min=10, help="Customers of the card world.")] = 5_000,
    merchants: Annotated[int, typer.Option(min=100, help="Merchants of the card world.")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="Days of simulated time.")] = 30,
    fraud_rate: Annotated[float, typer.Option(help="Share of frauds, 0.005 to 0.02 is usual.")] = 0.01,
    drift: Annotated[str | None, typer.Option(help="amount_inflation, new_fraud_pattern, category_shift.")] = None,
    drift_at: Annotated[datetime | None, typer.Option(help="When the drift begins, UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a file of simulated card transactions with their labels.

    [bold]Examples[/]

      fraudstream simulate --out history.parquet
      fraudstream simulate --out drifted.parquet --seed 7 --drift amount_inflation --drift-at 2026-01-20
    """
    from datetime import UTC

    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from fraudstream.system.whole_file import whole_file
    from producers.simulate import simulate as simulate_world
    from producers.simulation_config import SimulationConfig

    config = SimulationConfig(
        seed=seed,
        customers=customers,
        merchants=merchants,
        days=days,
        fraud_rate=fraud_rate,
        drift=drift,
        drift_at=drift_at.replace(tzinfo=UTC) if drift_at else None,
    )
    with err.status("simulating"):
        table = simulate_world(config)
    with whole_file(target) as partial:
        pq.write_table(table, partial)
    frauds = pc.sum(table["is_fraud"]).as_py()
    if as_json:
        write_json({"file": str(target), "transactions": len(table), "frauds": frauds})
    else:
        out.print(f"{target}: {len(table):,} transactions of {customers:,} customers, {frauds:,} frauds")


def produce(
    context: typer.Context,
    *,
    rate: Annotated[float, typer.Option(min=1, help="Transactions a second.")] = 500,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long; until Ctrl-C if left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the card world.")] = 2,
    scenario: Annotated[str | None, typer.Option(help="Only this kind of fraud, for example card_testing.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send simulated transactions to the transactions topic, live, until Ctrl-C or for --seconds.

    Their event times are the 30 days up to now, so that each customer has a history.

    [bold]Examples[/]

      fraudstream produce
      fraudstream produce --rate 1000 --seconds 30
      fraudstream produce --scenario impossible_travel --seed 11
    """
    from datetime import UTC

    from fraudstream.kafka.registry_access import registry_of
    from producers.live import produce as produce_live
    from producers.simulation_config import SimulationConfig

    config = SimulationConfig(seed=seed, scenario=scenario)
    settings = settings_of(context)
    registry, topic = registry_of(settings), settings.topics.transactions
    with (
        _publisher(settings, topic) as publisher,
        _shown(topic, None if seconds is None else round(rate * seconds)) as show,
    ):
        if seconds is None:
            err.print(f"Sending {rate:,.0f} transactions a second to {topic} until Ctrl-C")
        sent = produce_live(
            config,
            publisher,
            topic,
            registry,
            rate=rate,
            begin=datetime.now(UTC),
            seconds=seconds,
            on_progress=show,
        )
    _report({topic: sent}, as_json=as_json)


def replay(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="Parquet file in the canonical columns.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    speed: Annotated[float | None, typer.Option(help="Multiple of event time: 3600 is an hour a second.")] = None,
    rate: Annotated[float | None, typer.Option(help="Transactions a second, instead of --speed.")] = None,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels",
            help="After the transactions send their labels to the labels topic, "
            "in the order in which they became known, at the same --speed or --rate.",
        ),
    ] = False,
    with_labels: Annotated[
        bool,
        typer.Option(
            "--with-labels",
            help="Send the labels between the transactions: each transaction after all labels known by its event time. "
            "Labels that become known after the last transaction are left out.",
        ),
    ] = False,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Send a file's transactions in event order; as fast as the broker takes them without --speed or --rate.

    [bold]Examples[/]

      fraudstream replay history.parquet --limit 200000
      fraudstream replay history.parquet --speed 3600
      fraudstream replay history.parquet --rate 5000 --labels
      fraudstream replay history.parquet --with-labels
    """
    from fraudstream.kafka.registry_access import registry_of
    from schemas.columns import LABELLED_ARROW, TRANSACTION_ARROW, read_history

    if labels and with_labels:
        raise UserError("expected --labels (after the transactions) or --with-labels (between them), was both: choose")
    settings = with_timezone(settings_of(context), timezone)
    registry, topics = registry_of(settings), settings.topics
    labelled = labels or with_labels
    goals = (topics.transactions, topics.labels) if labelled else (topics.transactions,)
    send = _send_between if with_labels else _send_in_turn
    with _publisher(settings, *goals) as publisher:
        with err.status(f"reading {file}"):
            schema = LABELLED_ARROW if labelled else TRANSACTION_ARROW
            table = read_history(file, schema, timezone=settings.files.timezone, limits=settings.file_limits).slice(
                0, limit
            )
        sent = send(table, publisher, goals, registry, {"speed": speed, "rate": rate})
    if with_labels and not as_json:
        _tell_both(sent)
    else:
        _report(sent, as_json=as_json)


def _send_in_turn(
    table: Table, publisher: Publisher, goals: tuple[str, ...], registry: SchemaRegistry, pace: Pace
) -> dict[str, Published]:
    """Send the transactions to the first topic, then the labels to the second if there is one."""
    from producers.replay import replay as replay_transactions
    from producers.replay import replay_labels

    sent = {}
    for topic, step in zip(goals, (replay_transactions, replay_labels), strict=False):
        with _shown(topic, len(table)) as show:
            sent[topic] = step(table, publisher, topic, registry, **pace, on_progress=show)
            publisher.flush()
    return sent


def _send_between(
    table: Table, publisher: Publisher, goals: tuple[str, ...], registry: SchemaRegistry, pace: Pace
) -> dict[str, Published]:
    """Send the transactions to the first topic, and between them the labels to the second."""
    from producers.replay_with_labels import replay_with_labels

    topic, label_topic = goals
    with _shown(topic, len(table)) as show:
        both = replay_with_labels(table, publisher, topic, label_topic, registry, **pace, on_progress=show)
        publisher.flush()
    return dict(zip(goals, both, strict=True))


@contextmanager
def _publisher(settings: Settings, *topics: str) -> Iterator[Publisher]:
    """Connect to the broker in use, the topics being there."""
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics

    broker = Broker.of(settings)
    require_topics(broker, *topics)
    with broker.publisher() as publisher:
        yield publisher


@contextmanager
def _shown(topic: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar, moved by the number sent so far."""
    with count_bar(f"to {topic}", total) as bar:
        yield lambda sent: bar.update(bar.task_ids[0], completed=sent)


def _report(sent: dict[str, Published], *, as_json: bool) -> None:
    """Tell what was sent, a line for each topic."""
    for topic, done in sent.items():
        if as_json:
            write_json({"topic": topic, "records_per_s": done.rate, **asdict(done)})
        else:
            pace = f"in {done.seconds:.1f} s ({done.rate:,.0f} a second)"
            out.print(f"Sent {done.records:,} records to {topic} {pace}")


def _tell_both(sent: dict[str, Published]) -> None:
    """Tell in one line what was sent of transactions and of the labels between them."""
    (topic, transactions), (label_topic, labels) = sent.items()
    pace = f"in {transactions.seconds:.1f} s ({transactions.rate:,.0f} transactions a second)"
    out.print(
        f"Sent {transactions.records:,} transactions to {topic} and {labels.records:,} labels to {label_topic} {pace}"
    )

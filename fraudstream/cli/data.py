"""Commands `simulate`, `produce` and `replay`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, count_bar, err, settings_of, show, write_line
from schemas.errors import UserError

if TYPE_CHECKING:
    from pyarrow import Table

    from fraudstream.settings.settings import Settings
    from producers.publisher import Published, Publisher
    from schemas.declaration.declaration import Declaration
    from schemas.registry import SchemaRegistry


class Pace(TypedDict):
    """Speed of a replay, see `producers.replay.replay`."""

    speed: float | None
    rate: float | None


def simulate(
    *,
    target: Annotated[Path, path_option("--out", help="Parquet file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same file.")] = 1,
    customers: Annotated[int, typer.Option(min=10, help="Number of customers.")] = 5_000,
    merchants: Annotated[int, typer.Option(min=100, help="Number of merchants.")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="Days of simulated time.")] = 30,
    fraud_rate: Annotated[float, typer.Option(help="Fraction of frauds, typically 0.005 to 0.02.")] = 0.01,
    drift: Annotated[
        str | None, typer.Option(help="Drift: amount_inflation, new_fraud_pattern or category_shift.")
    ] = None,
    drift_at: Annotated[datetime | None, typer.Option(help="Start of the drift, UTC.")] = None,
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

    from models.whole_file import whole_file
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
    show(
        {"file": str(target), "transactions": len(table), "frauds": frauds},
        f"{target}: {len(table):,} transactions of {customers:,} customers, {frauds:,} frauds",
        as_json=as_json,
    )


def produce(
    context: typer.Context,
    *,
    rate: Annotated[float, typer.Option(min=1, help="Transactions per second.")] = 500,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Duration in seconds; until Ctrl-C by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 2,
    scenario: Annotated[
        str | None, typer.Option(help="Single fraud scenario to simulate, for example card_testing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send simulated transactions to the transactions topic until Ctrl-C or for --seconds.

    Event times cover the 30 days up to now, so that each customer has a history.

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
            err.print(f"Sending {rate:,.0f} transactions per second to {topic} until Ctrl-C")
        sent = produce_live(
            config,
            publisher,
            topic,
            registry,
            rate=rate,
            begin=datetime.now(UTC),
            seconds=seconds,
            on_progress=show,
            declaration=settings.declaration,
        )
    _report({topic: sent}, as_json=as_json)


def replay(
    context: typer.Context,
    *,
    file: Annotated[Path, path_argument(help="Parquet file in the canonical columns.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of transactions.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="Speed as a multiple of event time: 3600 sends one hour per second.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Transactions per second, instead of --speed.")] = None,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels",
            help="Send the labels after all transactions, ordered by label time, at the same --speed or --rate.",
        ),
    ] = False,
    with_labels: Annotated[
        bool,
        typer.Option(
            "--with-labels",
            help="Send the labels between the transactions, each before the transactions after its label time. "
            "Labels after the last transaction are left out.",
        ),
    ] = False,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Send the transactions of a file by event time, at full speed without --speed or --rate.

    [bold]Examples[/]

      fraudstream replay history.parquet --limit 200000
      fraudstream replay history.parquet --speed 3600
      fraudstream replay history.parquet --rate 5000 --labels
      fraudstream replay history.parquet --with-labels
    """
    from fraudstream.kafka.registry_access import registry_of
    from schemas.columns import LABELLED_ARROW, TRANSACTION_ARROW, read_history
    from schemas.declaration.with_declared import with_declared

    if labels and with_labels:
        raise UserError("expected --labels or --with-labels, got both. Choose one")
    settings = with_timezone(settings_of(context), timezone)
    registry, topics = registry_of(settings), settings.topics
    labelled = labels or with_labels
    goals = (topics.transactions, topics.labels) if labelled else (topics.transactions,)
    send = _send_between if with_labels else _send_in_turn
    with _publisher(settings, *goals) as publisher:
        with err.status(f"reading {file}"):
            schema = with_declared(LABELLED_ARROW if labelled else TRANSACTION_ARROW, settings.declaration)
            table = read_history(file, schema, timezone=settings.files.timezone, limits=settings.file_limits).slice(
                0, limit
            )
        sent = send(table, publisher, goals, registry, {"speed": speed, "rate": rate}, settings.declaration)
    if with_labels and not as_json:
        _report_both(sent)
    else:
        _report(sent, as_json=as_json)


def _send_in_turn(
    table: Table,
    publisher: Publisher,
    goals: tuple[str, ...],
    registry: SchemaRegistry,
    pace: Pace,
    declaration: Declaration | None,
) -> dict[str, Published]:
    """Send the transactions to the first topic, then the labels to the second if there is one."""
    from producers.replay import replay as replay_transactions
    from producers.replay import replay_labels

    sent = {}
    steps: tuple[Callable[..., Published], ...]
    steps = partial(replay_transactions, declaration=declaration), replay_labels
    for topic, step in zip(goals, steps, strict=False):
        with _shown(topic, len(table)) as show:
            sent[topic] = step(table, publisher, topic, registry, **pace, on_progress=show)
            publisher.flush()
    return sent


def _send_between(
    table: Table,
    publisher: Publisher,
    goals: tuple[str, ...],
    registry: SchemaRegistry,
    pace: Pace,
    declaration: Declaration | None,
) -> dict[str, Published]:
    """Send the transactions to the first topic, and between them the labels to the second."""
    from producers.replay_with_labels import replay_with_labels

    topic, label_topic = goals
    with _shown(topic, len(table)) as show:
        both = replay_with_labels(
            table, publisher, topic, label_topic, registry, **pace, on_progress=show, declaration=declaration
        )
        publisher.flush()
    return dict(zip(goals, both, strict=True))


@contextmanager
def _publisher(settings: Settings, *topics: str) -> Iterator[Publisher]:
    """Connect to the broker; its topics must exist."""
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
    """Write a line for each topic."""
    for topic, done in sent.items():
        show(
            {"topic": topic, "records_per_s": done.rate, **asdict(done)},
            f"Sent {done.records:,} records to {topic} in {done.seconds:.1f} s ({done.rate:,.0f} per second)",
            as_json=as_json,
        )


def _report_both(sent: dict[str, Published]) -> None:
    """Write one line for transactions and the labels between them."""
    (topic, transactions), (label_topic, labels) = sent.items()
    pace = f"in {transactions.seconds:.1f} s ({transactions.rate:,.0f} transactions per second)"
    write_line(
        f"Sent {transactions.records:,} transactions to {topic} and {labels.records:,} labels to {label_topic} {pace}"
    )

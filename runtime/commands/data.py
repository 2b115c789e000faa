from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.commands.screen import AsJson, count_bar, err, out, settings_of, write_json
from schemas.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from runtime.settings import Settings


def simulate(
    *,
    target: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same file.")] = 1,
    customers: Annotated[int, typer.Option(min=10, help="Customers of the card world.")] = 5_000,
    merchants: Annotated[int, typer.Option(min=100, help="Merchants of the card world.")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="Days of simulated time.")] = 30,
    fraud_rate: Annotated[float, typer.Option(help="Share of frauds, 0.005 to 0.02 is usual.")] = 0.01,
    drift: Annotated[
        str | None, typer.Option(help="amount_inflation, new_fraud_pattern, category_shift.")
    ] = None,
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
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target)
    frauds = pc.sum(table["is_fraud"]).as_py()
    if as_json:
        write_json({"file": str(target), "transactions": len(table), "frauds": frauds})
    else:
        out.print(f"{target}: {len(table):,} transactions of {customers:,} customers, {frauds:,} frauds")


def produce(
    context: typer.Context,
    *,
    rate: Annotated[float, typer.Option(min=1, help="Transactions a second.")] = 500,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the card world.")] = 2,
    scenario: Annotated[
        str | None, typer.Option(help="Only this kind of fraud, for example card_testing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send simulated transactions to the transactions topic, live.

    [bold]Examples[/]

      fraudstream produce --rate 1000 --seconds 30
      fraudstream produce --scenario impossible_travel --seed 11
    """
    from producers.simulate import simulate as simulate_world
    from producers.simulation_config import SimulationConfig

    settings = settings_of(context)
    wanted = math.ceil(rate * seconds)
    usual = SimulationConfig(seed=seed)
    a_day = usual.customers * usual.transactions_per_customer_day
    with err.status("simulating"):
        table = simulate_world(SimulationConfig(seed=seed, days=max(3, math.ceil(1.2 * wanted / a_day))))
    if scenario is not None:
        table = _only_scenario(table, scenario)
    _publish(settings, table, as_json=as_json, rate=rate, limit=wanted)


def replay(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="Parquet file in the canonical columns.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="Multiple of event time: 3600 is an hour a second.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Transactions a second, instead of --speed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send a file's transactions in event order; as fast as the broker takes them without --speed or --rate.

    [bold]Examples[/]

      fraudstream replay history.parquet --limit 200000
      fraudstream replay history.parquet --speed 3600
      fraudstream replay history.parquet --rate 5000
    """
    from schemas.columns import TRANSACTION_ARROW, read_history

    settings = settings_of(context)
    with err.status(f"reading {file}"):
        table = read_history(file, TRANSACTION_ARROW)
    _publish(settings, table, as_json=as_json, rate=rate, speed=speed, limit=limit)


def _publish(
    settings: Settings, table: pa.Table, *, as_json: bool, limit: int | None, **how: float | None
) -> None:
    from producers.publisher import Publisher
    from producers.replay import replay as replay_table
    from runtime.embedded import find_bootstrap
    from schemas.registry import open_registry

    servers = find_bootstrap(settings)
    registry = open_registry(settings.kafka.schema_registry_url)
    topic = settings.topics.transactions
    total = min(len(table), limit or len(table))
    with (
        count_bar(f"to {topic}", total) as bar,
        Publisher(servers, settings=settings.kafka.properties) as publisher,
    ):
        show = _shower(bar)
        done = replay_table(table, publisher, topic, registry, limit=limit, on_progress=show, **how)
    if as_json:
        write_json({"topic": topic, "records_per_s": done.rate, **asdict(done)})
    else:
        pace = f"in {done.seconds:.1f} s ({done.rate:,.0f} a second)"
        out.print(f"Sent {done.records:,} transactions to {topic} {pace}")


def _shower(bar: Any) -> Any:
    return lambda sent: bar.update(bar.task_ids[0], completed=sent)


def _only_scenario(table: pa.Table, scenario: str) -> pa.Table:
    import pyarrow.compute as pc

    known = sorted(name for name in pc.unique(table["scenario"]).to_pylist() if name)
    if scenario not in known:
        raise UserError(f"expected --scenario to be one of {', '.join(known)}, was {scenario!r}: choose one")
    kept = pc.or_(pc.is_null(table["scenario"]), pc.equal(table["scenario"], scenario))
    return table.filter(kept)

"""Cost of an entity event by number of shards."""

import pyarrow as pa

from benchmarks.axes.axis import BRIEF_EVENTS, CUSTOMERS, Axis, fill, transactions, with_job, with_topics
from benchmarks.bench import console
from benchmarks.chart import Chart
from benchmarks.drain_cost import DrainCost, drain_cost
from benchmarks.report import Section
from fraudstream.devstack.stack import embedded
from fraudstream.settings.settings import Settings

EVENTS = 400_000
SHARDS, BRIEF_SHARDS = (2, 8, 32), (2,)
WITHOUT, WITH = "without devices", "with devices"


def run(settings: Settings, brief: bool) -> Axis:
    """Drain the same transactions without and with devices at each number of shards, after a drain to warm up."""
    table, found = transactions(CUSTOMERS, BRIEF_EVENTS if brief else EVENTS), dict[tuple[int, str], DrainCost]()
    tables = {name: with_devices(table, name == WITH) for name in (WITHOUT, WITH)}
    settings, turn = with_job(settings, labels=False), 0
    with embedded(settings) as services:
        for name, rows in tables.items():
            fill(with_topics(services, name.replace(" ", "-"), "unused"), rows)
        for shards in (SHARDS[0], *(BRIEF_SHARDS if brief else SHARDS)):
            for name in tables:
                turn += 1
                own = with_topics(services, name.replace(" ", "-"), f"entity-events-{turn}")
                own = own.with_settings(job=settings.job.model_copy(update={"shards": shards}))
                with console.status(f"{shards} shards, {name}"):
                    found[shards, name] = drain_cost(own, len(table))
    return _axis(found)


def with_devices(table: pa.Table, present: bool) -> pa.Table:
    """Return a table with a device for each transaction, its customer's, or for none."""
    index = table.schema.get_field_index("device_id")
    devices = table["customer_id"] if present else pa.nulls(len(table), pa.string())
    return table.set_column(index, table.schema.field(index), devices)


def _axis(found: dict[tuple[int, str], DrainCost]) -> Axis:
    all_shards = dict.fromkeys(shards for shards, _ in found)
    wall = {n: found[n, WITH].wall_us - found[n, WITHOUT].wall_us for n in all_shards}
    processor = {n: found[n, WITH].processor_us - found[n, WITHOUT].processor_us for n in all_shards}
    return Axis(
        figures={
            "us_per_entity_event": {str(n): round(us, 2) for n, us in wall.items()},
            "processor_us_per_entity_event": {str(n): round(us, 2) for n, us in processor.items()},
        },
        raw=[
            {"shards": n, "table": name, "events_per_s": cost.events_per_s, "processor_us": cost.processor_us}
            for (n, name), cost in found.items()
        ],
        section=Section(
            title="Entity events: one or two a transaction",
            columns=("shards", "events/s, one", "events/s, two", "µs a second one", "processor µs a second one"),
            rows=[
                (
                    str(n),
                    f"{found[n, WITHOUT].events_per_s:,.0f}",
                    f"{found[n, WITH].events_per_s:,.0f}",
                    f"{wall[n]:.2f}",
                    f"{processor[n]:.2f}",
                )
                for n in all_shards
            ],
        ),
        charts=[
            Chart(
                title="Cost of an entity event",
                x="processor µs",
                bars={f"{n} shards": [us] for n, us in processor.items()},
            )
        ],
    )

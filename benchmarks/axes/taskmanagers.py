"""Rate and processor time by number of TaskManagers of one slot each, and the model that follows."""

from benchmarks.axes.axis import BRIEF_EVENTS, CUSTOMERS, Axis, fill, transactions, with_job, with_topics
from benchmarks.bench import console
from benchmarks.chart import Chart
from benchmarks.drain_cost import DrainCost, drain_cost
from benchmarks.report import Section
from benchmarks.scale_model import ScaleModel
from fraudstream.devstack.stack import Services, embedded
from fraudstream.settings.settings import Settings

EVENTS = 300_000
COUNTS, BRIEF_COUNTS = (1, 2, 4), (1, 2)
SHARDS = 8
TARGET = 1_000_000
"""Rate that the model is applied to, events per second."""


def run(settings: Settings, brief: bool) -> Axis:
    """Drain twice with each number, the first time to warm up; all have the same shards."""
    table, costs = transactions(CUSTOMERS, BRIEF_EVENTS if brief else EVENTS), dict[int, DrainCost]()
    exchanged = 0.0
    for count in BRIEF_COUNTS if brief else COUNTS:
        own = with_job(settings, parallelism=count, shards=SHARDS)
        topic = f"taskmanagers-{count}"
        with embedded(own, taskmanagers=count) as services, console.status(f"TaskManagers: {count}"):
            fill(with_topics(services, topic, topic), table)
            for turn in range(2):
                costs[count] = drain_cost(with_topics(services, topic, f"{topic}-{turn}"), len(table))
            exchanged = _bytes_exchanged(services) / len(table)
    return _axis(costs, ScaleModel.fitted({count: cost.processor_us for count, cost in costs.items()}, exchanged))


def _bytes_exchanged(services: Services) -> int:
    """Return the bytes that the newest job's operators wrote for other operators."""
    rest = services.rest
    newest = max(rest.jobs(), key=lambda job: job["start-time"])
    return sum(int(vertex["metrics"]["write-bytes"]) for vertex in rest.job(newest["jid"])["vertices"])


def _axis(costs: dict[int, DrainCost], model: ScaleModel) -> Axis:
    rates = {count: cost.events_per_s for count, cost in costs.items()}
    return Axis(
        figures={
            "events_per_s_by_taskmanagers": {str(count): round(rate) for count, rate in rates.items()},
            "processor_us_by_taskmanagers": {str(count): round(cost.processor_us, 1) for count, cost in costs.items()},
            "model": {
                "alone_us": round(model.alone_us, 1),
                "exchanged_us": round(model.exchanged_us, 1),
                "bytes_exchanged": round(model.bytes_exchanged),
            },
            f"at_{TARGET}_per_s": {
                "cores": round(model.cores(TARGET)),
                "gigabits_per_s": round(model.gigabits_per_s(TARGET), 1),
            },
        },
        raw=[
            {"taskmanagers": count, "events_per_s": cost.events_per_s, "processor_us": cost.processor_us}
            for count, cost in costs.items()
        ],
        section=Section(
            title=f"TaskManagers of one slot; {TARGET:,} events/s by the model",
            columns=("TaskManagers", "events/s", "processor µs/event", "by the model"),
            rows=[
                *(
                    (str(count), f"{cost.events_per_s:,.0f}", f"{cost.processor_us:.1f}", f"{model.us(count):.1f}")
                    for count, cost in costs.items()
                ),
                (
                    f"{model.cores(TARGET):,.0f} cores",
                    f"{TARGET:,}",
                    f"{model.alone_us:.1f} + {model.exchanged_us:.1f}",
                    f"{model.bytes_exchanged:,.0f} bytes/event, {model.gigabits_per_s(TARGET):.1f} Gbit/s",
                ),
            ],
        ),
        charts=[
            Chart(
                title="Rate by TaskManagers",
                x="events/s",
                bars={f"{count} TaskManagers": [rate] for count, rate in rates.items()},
            )
        ],
    )

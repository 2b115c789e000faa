"""Rate by number of TaskManagers of one slot each."""

from benchmarks.axes.axis import BRIEF_EVENTS, CUSTOMERS, Axis, fill, transactions, with_job, with_topics
from benchmarks.bench import console
from benchmarks.chart import Chart
from benchmarks.drain import job_rate
from benchmarks.report import Section
from fraudstream.devstack.stack import embedded
from fraudstream.settings.settings import Settings

EVENTS = 300_000


def run(settings: Settings, brief: bool) -> Axis:
    """Drain twice with each number, the first time to warm up."""
    table, rates = transactions(CUSTOMERS, BRIEF_EVENTS if brief else EVENTS), dict[int, float]()
    for count in (1,) if brief else (1, 2):
        own = with_job(settings, parallelism=count, shards=max(count, settings.job.shards))
        topic = f"taskmanagers-{count}"
        with embedded(own, taskmanagers=count) as services, console.status(f"TaskManagers: {count}"):
            fill(with_topics(own, topic, topic), services, table)
            for turn in range(2):
                rates[count] = job_rate(with_topics(own, topic, f"{topic}-{turn}"), services, len(table))
    return Axis(
        figures={"events_per_s_by_taskmanagers": {str(count): round(rate) for count, rate in rates.items()}},
        raw=[{"taskmanagers": count, "events_per_s": rate} for count, rate in rates.items()],
        section=Section(
            title="TaskManagers of one slot",
            columns=("TaskManagers", "events/s"),
            rows=[(str(count), f"{rate:,.0f}") for count, rate in rates.items()],
        ),
        charts=[
            Chart(
                title="Rate by TaskManagers",
                x="events/s",
                bars={f"{count} TaskManagers": [rate] for count, rate in rates.items()},
            )
        ],
    )

"""Rate of the job and of its baselines, each checked against the oracle, and limits of the machine."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from benchmarks.baselines.baseline_program import ProcessBaseline
from benchmarks.baselines.catalogue import BASELINES
from benchmarks.baselines.compare import Entry, compare, summary
from benchmarks.baselines.drain import Work
from benchmarks.baselines.environment import interpreter
from benchmarks.baselines.oracle import Oracle
from benchmarks.bench import bench_model, bench_settings, console, publish
from benchmarks.chart import Chart
from benchmarks.limits import Limits
from benchmarks.report import Report, Section
from fraudstream.devstack.stack import embedded
from models.scoring.artifact import load_artifact
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

# Customers' histories fill up in the first half of the topic.
WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS, BRIEF_EVENTS = 1_000_000, 200_000
BRIEF_BASELINES = {"fraudstream", "jvm_only", "plain_loop", "plain_loops", "flink_per_event"}
"""Baselines that need no environment of their own."""
SAMPLED = 200
"""Customers whose scores are checked."""


def run(brief: bool = False) -> Report:
    """Drain the topic by each baseline, with the job and its limit repeated in between."""
    baselines = [baseline for baseline in BASELINES if not brief or baseline.slug in BRIEF_BASELINES]
    for baseline in baselines:
        if isinstance(baseline, ProcessBaseline):
            with console.status(f"installing the packages of {baseline.name}"):
                interpreter(baseline)
    settings = bench_settings(bench_model("customer"))  # all that the baselines know
    artifact = load_artifact(settings.model.artifact)
    table = simulate(WORLD).slice(0, BRIEF_EVENTS if brief else EVENTS)
    oracle = Oracle(table, artifact, customers=SAMPLED)
    with embedded(settings) as services, console.status("") as status:
        status.update(f"filling the topic with {len(table):,} transactions")
        publish(services, table)
        status.update("measuring the parts in isolation")
        limits = Limits.measure(services, table, artifact)
        work = Work(services=services, events=len(table))
        entries = compare(work, oracle, baselines, on_step=status.update)
    return _report(len(table), entries, limits)


def _report(events: int, entries: Mapping[str, Entry], limits: Limits) -> Report:
    result = summary(entries)
    return Report(
        suite="baselines",
        workload=(
            f"Each drains the same topic of {events:,} transactions of {WORLD.customers:,} customers, or its beginning "
            "where it is slow: histories are shorter there, which favours it. A rate is that of scores written between "
            "a quarter and nine tenths of the drain, the median of its runs. The scores of "
            f"{SAMPLED} customers are compared with an engine that shares no code with any of them; wrong scores have "
            "no rate. All have the same model, features and outputs, except: SQL has counts and sums of windows alone; "
            "no baseline has windows beyond a customer's last 64 transactions, validation of the input, reasons of "
            "alerts, drift detection, or rules for late and repeated transactions. Broker and drain share the machine."
        ),
        figures={name: figure for name, figure in result.items() if name != "baselines"},
        raw={"baselines": result["baselines"], "limits": {name: round(rate) for name, rate in asdict(limits).items()}},
        sections=[_baselines_section(list(entries.values()), result["events_per_s"]), _limits_section(limits)],
        charts=[
            Chart(
                title="Draining a topic",
                x="events a second, each run a dot",
                bars={entry.baseline.name: entry.rates for entry in entries.values() if entry.events_per_s},
            )
        ],
    )


def _baselines_section(entries: Sequence[Entry], ours: float | None) -> Section:
    columns = (
        "engine",
        "version",
        "after a failure",
        "drained",
        "events/s, median",
        "share of ours",
        "scores compared",
    )
    return Section(
        title="The same topic, the same scores", columns=columns, rows=[_row(entry, ours) for entry in entries]
    )


def _row(entry: Entry, ours: float | None) -> Sequence[str]:
    rate = entry.events_per_s
    return (
        entry.baseline.name,
        f"{entry.baseline.package} {entry.version}",
        entry.baseline.guarantee,
        f"{entry.events:,}",
        f"{rate:,.0f}" if rate else f"none: {entry.fault}",
        f"{rate / ours:.3f}" if rate and ours else "",
        f"{sum(result.compared for result in entry.results):,}",
    )


def _limits_section(limits: Limits) -> Section:
    rows = [
        ("a consumer that discards all records", f"{limits.consumed_per_s:,.0f}"),
        ("feature kernels, 1,000 transactions at a time", f"{limits.kernel_rows_per_s:,.0f}"),
        ("onnxruntime, 1,000 rows at a time", f"{limits.onnx_rows_per_s:,.0f}"),
    ]
    return Section(title="Parts in isolation, on one core", columns=("what", "a second"), rows=rows)

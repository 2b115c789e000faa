"""The job beside what one would write instead, each checked against the oracle, and the limits of the machine."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from benchmarks.baselines.catalogue import BASELINES
from benchmarks.baselines.compare import Entry, compare, summary
from benchmarks.baselines.drain import Work
from benchmarks.baselines.environment import interpreter
from benchmarks.baselines.oracle import Oracle
from benchmarks.baselines.peer import ProcessPeer
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
BRIEF_PEERS = {"fraudstream", "jvm_only", "plain_loop", "plain_loops", "flink_per_event"}
"""Those that need no environment of their own."""
SAMPLED = 200
"""Customers whose scores are checked."""


def run(brief: bool = False) -> Report:
    """Let each drain the topic, our own job and its limit again and again between them."""
    baselines = [peer for peer in BASELINES if not brief or peer.slug in BRIEF_PEERS]
    for peer in baselines:
        if isinstance(peer, ProcessPeer):
            with console.status(f"installing what {peer.name} needs"):
                interpreter(peer)
    settings = bench_settings(bench_model())
    artifact = load_artifact(settings.model.artifact)
    table = simulate(WORLD).slice(0, BRIEF_EVENTS if brief else EVENTS)
    oracle = Oracle(table, artifact, customers=SAMPLED)
    with embedded(settings) as services, console.status("") as status:
        status.update(f"filling the topic with {len(table):,} transactions")
        publish(settings, services, table)
        status.update("measuring the parts by themselves")
        limits = Limits.measure(settings, services, table, artifact)
        work = Work(settings=settings, services=services, events=len(table))
        entries = compare(work, oracle, baselines, on_step=status.update)
    return _report(len(table), entries, limits)


def _report(events: int, entries: Mapping[str, Entry], limits: Limits) -> Report:
    result = summary(entries)
    return Report(
        suite="baselines",
        workload=(
            f"Each drains the same topic of {events:,} transactions of {WORLD.customers:,} customers, or its beginning "
            "where it is slow: histories are shorter there, which is in its favour. A rate is that at which scores are "
            "written between a quarter and nine tenths of what it drains, the median of its runs. The scores of "
            f"{SAMPLED} customers are compared with an engine that shares no code with anybody's; what is wrong has no "
            "rate. All have the same model, features and outputs, except: SQL has counts and sums of windows alone; "
            "no peer has windows beyond a customer's last 64 transactions, checks of what comes in, reasons of alerts, "
            "drift detection, or an answer to late and repeated transactions. Broker and drain share the machine."
        ),
        figures={name: figure for name, figure in result.items() if name != "baselines"},
        raw={"baselines": result["baselines"], "limits": {name: round(rate) for name, rate in asdict(limits).items()}},
        sections=[_peers_section(list(entries.values()), result["events_per_s"]), _limits_section(limits)],
        charts=[
            Chart(
                title="Draining a topic",
                x="events a second, each run a dot",
                bars={entry.peer.name: entry.rates for entry in entries.values() if entry.events_per_s},
            )
        ],
    )


def _peers_section(entries: Sequence[Entry], ours: float | None) -> Section:
    columns = ("who", "version", "after a failure", "drained", "events/s, median", "share of ours", "scores compared")
    return Section(
        title="The same topic, the same scores", columns=columns, rows=[_row(entry, ours) for entry in entries]
    )


def _row(entry: Entry, ours: float | None) -> Sequence[str]:
    rate = entry.events_per_s
    return (
        entry.peer.name,
        f"{entry.peer.package} {entry.version}",
        entry.peer.guarantee,
        f"{entry.events:,}",
        f"{rate:,.0f}" if rate else f"none: {entry.fault}",
        f"{rate / ours:.3f}" if rate and ours else "",
        f"{sum(verdict.compared for verdict in entry.verdicts):,}",
    )


def _limits_section(limits: Limits) -> Section:
    rows = [
        ("a consumer that throws everything away", f"{limits.consumed_per_s:,.0f}"),
        ("feature kernels, 1,000 transactions at a time", f"{limits.kernel_rows_per_s:,.0f}"),
        ("onnxruntime, 1,000 rows at a time", f"{limits.onnx_rows_per_s:,.0f}"),
    ]
    return Section(title="Parts by themselves, on one core", columns=("what", "a second"), rows=rows)

"""Main figures: draining rate compared with a plain loop, and time to an alert."""

from benchmarks.bench import bench_model, bench_settings, console, publish
from benchmarks.drain import loop_rate, scored_rate
from benchmarks.live import live_latency
from benchmarks.report import Report, Section
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import embedded
from fraudstream.readers.latency import Latency
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.topics import Topics

# 10,000 customers: their histories fill up, so the later part of the topic is at full work.
# The JVM compiles for half a minute; the rate is measured after that.
BACKLOG = SimulationConfig(seed=2, customers=10_000, days=80)
BACKLOG_EVENTS, LOOP_EVENTS = 2_200_000, 200_000
LIVE = SimulationConfig(seed=3, customers=10_000, days=30)
LIVE_RATE = 5_000
WARM_UP_S, LIVE_S = 5, 30


def run(brief: bool = False) -> Report:
    """Drain by the job, go live with it, drain by the loop."""
    settings = bench_settings(bench_model())
    backlog = simulate(BACKLOG).slice(0, 150_000 if brief else BACKLOG_EVENTS)
    live = simulate(LIVE).slice(0, LIVE_RATE * (WARM_UP_S + (5 if brief else LIVE_S)))
    with embedded(settings) as services:
        with console.status(f"filling {settings.topics.transactions} with {len(backlog):,} transactions"):
            publish(services, backlog)
        job = submit(services)
        with console.status("draining it with the job"):
            drained = scored_rate(services, len(backlog))
        with console.status(f"{LIVE_RATE:,} transactions a second, live"):
            latency = live_latency(services, live, rate=LIVE_RATE, warm_up_s=WARM_UP_S)
        stop_job(services, job.job_id, savepoint=False)
        with console.status("draining it with the plain loop"):
            own = services.with_settings(topics=Topics(scores="plain.scores", alerts="plain.alerts"))
            looped = loop_rate(own, 50_000 if brief else LOOP_EVENTS)
    return _report(len(backlog), drained, looped, latency)


def _report(events: int, drained: float, looped: float, latency: Latency) -> Report:
    figures = {
        "events_per_s": round(drained),
        "loop_events_per_s": round(looped),
        "ratio": round(drained / looped, 2),
        "p50_ms": round(latency.p50_ms, 1),
        "p99_ms": round(latency.p99_ms, 1),
    }
    rows = (
        ("job, draining a topic, steady", f"{drained:,.0f} events/s"),
        ("plain loop on the same topic", f"{looped:,.0f} events/s"),
        ("ratio", f"{figures['ratio']}"),
        (f"publish to alert at {LIVE_RATE:,}/s", f"p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms"),
        ("alerts measured, longest", f"{latency.count:,}, {latency.max_ms:.0f} ms"),
    )
    return Report(
        suite="overview",
        workload=(
            f"The job as shipped drains {events:,} transactions, then scores {LIVE_RATE:,} a second; a plain "
            "confluent-kafka loop of one process, with the same features, model and outputs, drains the same topic."
        ),
        figures=figures,
        raw={**figures, "alerts": latency.count, "longest_ms": round(latency.max_ms, 1)},
        sections=[Section(title="One run", columns=("what", "figure"), rows=rows)],
    )

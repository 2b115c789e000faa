"""The two figures of the README: the rate of draining a topic beside a plain loop, and the time to an alert."""

import json
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.plain_loop import middle_rate
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.publisher import Publisher
from producers.replay import replay
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.alert_watch import AlertWatch
from runtime.embedded import Services, embedded
from runtime.failures import RuntimeFailure
from runtime.kafka_client import shared_properties
from runtime.latency import Latency, measure_latency
from runtime.registry_access import registry_of
from runtime.settings import ModelSettings, PathSettings, Settings, load_settings
from runtime.submit import stop_job, submit
from runtime.topic_reader import await_records
from runtime.topics import create_topics
from schemas.topics import Topics
from schemas.wall_clock import now_ms

ROOT = Path(".fraudstream/bench")
HISTORY = SimulationConfig(seed=1, customers=3_000, days=30)
# 10,000 customers: their histories fill up, so the later part of the topic is at full work.
# The JVM compiles for half a minute; the rate is taken after that.
BACKLOG = SimulationConfig(seed=2, customers=10_000, days=80)
BACKLOG_EVENTS = 2_200_000
LOOP_EVENTS = 200_000
LIVE = SimulationConfig(seed=3, customers=10_000, days=30)
LIVE_RATE = 5_000
WARM_UP_S, LIVE_S = 5, 30
PATIENCE_S = 300.0

console = Console(stderr=True, highlight=False)


def main() -> None:
    """Run everything and print the JSON object as last line."""
    # Publisher and alert reader share this process: neither may hold up the other for the usual 5 ms.
    sys.setswitchinterval(0.0005)
    ROOT.mkdir(parents=True, exist_ok=True)
    model = bench_model()
    settings = bench_settings(model)
    with embedded(settings) as services:
        with console.status(f"filling {settings.topics.transactions} with {BACKLOG_EVENTS:,} transactions"):
            publish(settings, services, simulate(BACKLOG).slice(0, BACKLOG_EVENTS))
        job = submit(settings, services)
        with console.status("draining it with the job"):
            drained = _drain_job(settings, services)
        with console.status(f"{LIVE_RATE:,} transactions a second, live"):
            latency = _live(settings, services)
        stop_job(settings, services, job.job_id, savepoint=False)
        with console.status("draining it with the plain loop"):
            looped = _drain_loop(settings, services, model)
    result = {
        "events_per_s": round(drained),
        "loop_events_per_s": round(looped),
        "ratio": round(drained / looped, 2),
        "p50_ms": round(latency.p50_ms, 1),
        "p99_ms": round(latency.p99_ms, 1),
    }
    _show(result, latency)
    print(json.dumps(result))


def _live(settings: Settings, services: Services) -> Latency:
    """Return the time from publishing to the alert at LIVE_RATE, without the warm-up."""
    table = simulate(LIVE).slice(0, LIVE_RATE * (WARM_UP_S + LIVE_S))
    servers = services.bootstrap_servers
    with AlertWatch(settings, servers) as watch:
        watch.catch_up()
        counted_from_ms = now_ms() + WARM_UP_S * 1000
        publish(settings, services, table, rate=LIVE_RATE)
        await_records(settings, servers, settings.topics.scores, BACKLOG_EVENTS + len(table), seconds=PATIENCE_S)
        watch.catch_up()
    return measure_latency(settings, servers, watch.seen_at_ms, since_ms=counted_from_ms)


def bench_model() -> Path:
    """Train the model of the benchmarks; return its folder."""
    folder, history = ROOT / "model", ROOT / "history.parquet"
    with console.status("training the model"):
        pq.write_table(simulate(HISTORY), history)
        train(history, folder, TrainingSettings(seed=1))
    return folder


def bench_settings(model: Path) -> Settings:
    """Return the settings as shipped, for that model and a state folder of its own."""
    state = ROOT / "state"
    shutil.rmtree(state, ignore_errors=True)
    return load_settings(None).model_copy(
        update={"paths": PathSettings(state=state), "model": ModelSettings(artifact=model)}
    )


def publish(settings: Settings, services: Services, table: pa.Table, rate: float | None = None) -> None:
    """Send a table to the transactions topic."""
    registry = registry_of(settings)
    with Publisher(services.bootstrap_servers, settings=shared_properties(settings)) as publisher:
        replay(table, publisher, settings.topics.transactions, registry, rate=rate)


def _drain_job(settings: Settings, services: Services) -> float:
    """Return the job's steady rate, events a second, over the topic."""
    times = [(0, time.perf_counter())]
    await_records(
        settings,
        services.bootstrap_servers,
        settings.topics.scores,
        BACKLOG_EVENTS,
        seconds=PATIENCE_S,
        interval_s=1.0,
        on_count=lambda count: times.append((count, time.perf_counter())),
    )
    return middle_rate(times)


def _drain_loop(settings: Settings, services: Services, model: Path) -> float:
    """Return the plain loop's steady rate, events a second, over the same topic."""
    own = settings.model_copy(update={"topics": Topics(scores="plain.scores", alerts="plain.alerts")})
    create_topics(own, services.bootstrap_servers)
    line = [
        sys.executable,
        "-m",
        "benchmarks.plain_loop",
        *("--bootstrap-servers", services.bootstrap_servers),
        *("--model", str(model)),
        *("--topic", settings.topics.transactions),
        *("--scores-topic", own.topics.scores),
        *("--alerts-topic", own.topics.alerts),
        *("--count", str(LOOP_EVENTS)),
    ]
    done = subprocess.run(line, check=True, capture_output=True, text=True)  # noqa: S603
    return float(json.loads(done.stdout.splitlines()[-1])["events_per_s"])


def _show(result: dict[str, float], latency: Latency) -> None:
    table = Table(box=None, title=f"{psutil.cpu_count()} cores, Python {platform.python_version()}")
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_row("job, draining a topic, steady", f"{result['events_per_s']:,} events/s")
    table.add_row("plain loop on the same topic", f"{result['loop_events_per_s']:,} events/s")
    table.add_row("ratio", f"{result['ratio']}")
    table.add_row(f"publish to alert at {LIVE_RATE:,}/s", f"p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms")
    table.add_row("alerts measured, longest", f"{latency.count:,}, {latency.max_ms:.0f} ms")
    console.print(table)


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

"""Our job beside what one would write instead: `python -m benchmarks.peers`.

Each drains the same topic and is checked against the oracle; a wrong answer has no rate. The last line is one JSON
object. `--events 100000` makes it short, `--peers plain_loop quix_streams` names who takes part.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import psutil
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.peers.catalogue import JVM_ONLY, OURS, PEERS
from benchmarks.peers.compare import Entry, compare, summary
from benchmarks.peers.drain import Work
from benchmarks.peers.environment import interpreter
from benchmarks.peers.oracle import Oracle
from benchmarks.peers.peer import ProcessPeer
from models.scoring.artifact import load_artifact
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.publisher import Publisher
from producers.replay import replay
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.embedded import embedded
from runtime.failures import RuntimeFailure
from runtime.kafka_client import shared_properties
from runtime.registry_access import registry_of
from runtime.settings import ModelSettings, PathSettings, load_settings
from schemas.topics import Topics

ROOT = Path(".fraudstream/peers")
HISTORY = SimulationConfig(seed=1, customers=3_000, days=30)
# 10,000 customers: their histories fill up in the first third of the topic.
WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS = 1_000_000
SAMPLED = 200
"""Customers whose scores are checked."""

CAPTION = """Who is slow drains the beginning of the topic alone, where histories are shorter: that is in its favour.
No peer has what our job has beside: windows beyond a customer's last 64 transactions, checks of what comes in, reasons
of alerts, drift detection, answers to late and repeated transactions. SQL has counts and sums of windows alone."""

console = Console(stderr=True, highlight=False)


def main() -> None:
    """Run it and print the JSON object as last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="transactions in the topic")
    parser.add_argument("--peers", nargs="*", choices=[peer.slug for peer in PEERS], default=None)
    chosen = parser.parse_args()
    peers = [peer for peer in PEERS if chosen.peers is None or peer.slug in chosen.peers or peer in {OURS, JVM_ONLY}]
    for peer in peers:
        if isinstance(peer, ProcessPeer):
            with console.status(f"installing what {peer.name} needs"):
                interpreter(peer)
    shutil.rmtree(ROOT / "state", ignore_errors=True)
    settings = load_settings(None).model_copy(
        update={
            "topics": Topics(transactions="peers.transactions"),
            "paths": PathSettings(state=ROOT / "state"),
            "model": ModelSettings(artifact=model()),
        }
    )
    table = simulate(WORLD).slice(0, chosen.events)
    oracle = Oracle(table, load_artifact(settings.model.artifact), customers=SAMPLED)
    with embedded(settings) as services, console.status("") as status:
        status.update(f"filling {settings.topics.transactions} with {chosen.events:,} transactions")
        with Publisher(services.bootstrap_servers, settings=shared_properties(settings)) as publisher:
            replay(table, publisher, settings.topics.transactions, registry_of(settings))
        work = Work(settings=settings, services=services, events=chosen.events)
        entries = compare(work, oracle, peers, on_step=status.update)
    result = summary(entries)
    console.print(as_table(list(entries.values()), result["events_per_s"]))
    print(json.dumps(result))


def model() -> Path:
    """Train the model that all score with; return its folder."""
    folder, history = ROOT / "model", ROOT / "history.parquet"
    ROOT.mkdir(parents=True, exist_ok=True)
    with console.status("training the model"):
        pq.write_table(simulate(HISTORY), history)
        train(history, folder, TrainingSettings(seed=1))
    return folder


def as_table(entries: list[Entry], ours: float | None) -> Table:
    """Return what a person reads."""
    table = Table(box=None, title=f"{psutil.cpu_count()} cores, broker included", caption=CAPTION)
    for name in ("what", "version", "guarantee"):
        table.add_column(name)
    for name in ("events", "events/s", "of ours", "checked"):
        table.add_column(name, justify="right")
    for entry in entries:
        rate = entry.events_per_s
        share = f"{rate / ours:.2f}" if rate and ours else "-"
        compared = sum(verdict.compared for verdict in entry.verdicts)
        says = f"{rate:,.0f}" if rate else f"none: {entry.fault}"
        version = f"{entry.peer.package} {entry.version}"
        table.add_row(entry.peer.name, version, entry.peer.guarantee, f"{entry.events:,}", says, share, f"{compared:,}")
    return table


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

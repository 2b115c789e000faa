"""Our job beside what one would write instead: `python -m benchmarks.peers`.

Each drains the same topic and is checked against the oracle; a wrong answer has no rate. The last line is one JSON
object. `--events 100000` makes it short, `--peers plain_loop quix_streams` names who takes part.
"""

import argparse
import json
import sys
from collections.abc import Sequence

import psutil
from rich.table import Table

from benchmarks.bench import ROOT, bench_model, bench_settings, console, publish
from benchmarks.peers.catalogue import JVM_ONLY, OURS, PEERS
from benchmarks.peers.compare import Entry, compare, summary
from benchmarks.peers.drain import Work
from benchmarks.peers.environment import interpreter
from benchmarks.peers.oracle import Oracle
from benchmarks.peers.peer import Peer, ProcessPeer
from models.scoring.artifact import load_artifact
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from runtime.embedded import embedded
from runtime.failures import RuntimeFailure

# 10,000 customers: their histories fill up in the first half of the topic.
WORLD = SimulationConfig(seed=2, customers=10_000, days=40)
EVENTS = 1_000_000
SAMPLED = 200
"""Customers whose scores are checked."""
CAPTION = """Who is slow drains the beginning of the topic alone, where histories are shorter: that is in its favour.
No peer has what our job has beside: windows beyond a customer's last 64 transactions, checks of what comes in, reasons
of alerts, drift detection, answers to late and repeated transactions. SQL has counts and sums of windows alone."""


def main() -> None:
    """Run it and print the JSON object as last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="transactions in the topic")
    parser.add_argument("--peers", nargs="*", choices=[peer.slug for peer in PEERS], default=None)
    chosen = parser.parse_args()
    peers = [peer for peer in PEERS if chosen.peers is None or peer.slug in chosen.peers or peer in {OURS, JVM_ONLY}]
    entries = drain_all(peers, chosen.events)
    result = summary(entries)
    console.print(as_table(list(entries.values()), result["events_per_s"]))
    print(json.dumps(result))


def drain_all(peers: Sequence[Peer], events: int) -> dict[str, Entry]:
    """Compare the peers on a stack of their own."""
    for peer in peers:
        if isinstance(peer, ProcessPeer):
            with console.status(f"installing what {peer.name} needs"):
                interpreter(peer)
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    table = simulate(WORLD).slice(0, events)
    oracle = Oracle(table, load_artifact(settings.model.artifact), customers=SAMPLED)
    with embedded(settings) as services, console.status("") as status:
        status.update(f"filling the topic with {events:,} transactions")
        publish(settings, services, table)
        work = Work(settings=settings, services=services, events=events)
        return compare(work, oracle, peers, on_step=status.update)


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

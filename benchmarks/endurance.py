"""How the running job bears load for long: a soak, then twice what it can sustain, then the way back.

`python -m benchmarks.endurance` takes about 40 minutes: it finds the highest rate at which no lag grows, loads the job
with 70 % of it for 20 minutes and with 200 % for 5, and waits until it has caught up. It draws memory and lag, and
prints one JSON object as last line. Exit code 1 when a promise does not hold: a transaction without a score, a
restart, or a process whose memory at the soak's end is more than 5 % from that at its middle.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from rich.table import Table

from benchmarks.bench import ROOT, bench_model, bench_settings, console
from benchmarks.endurance_plot import draw
from benchmarks.load_phases import LoadPhases, Phase
from benchmarks.vitals import Look, Vitals
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.stack import Services, embedded
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.interrupts import terminate_as_interrupt

SOAK_SHARE, OVERLOAD_SHARE = 0.7, 2.0
MAX_GROWTH = 0.05
WINDOW_S = 60.0
PICTURE = ROOT / "endurance.svg"
# As on a broker that is used for long: it maps the index of every segment that it keeps into its memory. What an
# overload leaves unread must not be deleted, so then the topics that the job reads keep more.
KEPT_BYTES, KEPT_UNREAD_BYTES, SEGMENT_BYTES = 256 * 2**20, 4 * 2**30, 64 * 2**20


def main() -> None:
    """Run the phases, print what was seen and judge it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak-minutes", type=float, default=20.0)
    parser.add_argument("--overload-minutes", type=float, default=5.0)
    parser.add_argument("--picture", type=Path, default=PICTURE, help="SVG file to draw")
    arguments = parser.parse_args()
    terminate_as_interrupt()
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    with embedded(settings) as services:
        _keep(settings, services, settings.topics.names(), KEPT_BYTES)
        job = submit(settings, services)
        with Vitals(settings, services, job.job_id) as vitals:
            load = LoadPhases(services, vitals)
            sustainable = load.sustainable_rate()
            soak = load.run("soak", rate=SOAK_SHARE * sustainable, seconds=60 * arguments.soak_minutes)
            _keep(settings, services, (settings.topics.transactions, settings.topics.labels), KEPT_UNREAD_BYTES)
            overload = load.run("overload", rate=OVERLOAD_SHARE * sustainable, seconds=60 * arguments.overload_minutes)
        stop_job(settings, services, job.job_id, savepoint=False)
    draw(arguments.picture, {"soak": soak, "overload": overload})
    result = {
        "sustainable_per_s": round(sustainable),
        "soak": {**_summary(soak), "memory_growth": {name: round(v, 3) for name, v in memory_growth(soak).items()}},
        "overload": _summary(overload),
        "unscored": overload.looks[-1].lag,
    }
    _show(soak, overload)
    console.print(f"Drawn: {arguments.picture}")
    print(json.dumps(result))
    sys.exit("\n".join(broken_promises(result)) or 0)


def memory_growth(phase: Phase) -> dict[str, float]:
    """Return by process how far its memory at the load's end is from that at half time, as a share of the latter."""
    begun, ended = phase.looks[0].at_s, phase.ended.at_s
    half, last = _resident(phase.looks, (begun + ended) / 2), _resident(phase.looks, ended)
    return {name: last[name] / half[name] - 1 for name in last}


def broken_promises(result: dict[str, Any]) -> list[str]:
    """Return what does not hold, in words."""
    broken = [
        f"expected the memory of {name} to stay within {MAX_GROWTH:.0%} in the soak's second half, was {growth:+.1%}"
        for name, growth in result["soak"]["memory_growth"].items()
        if abs(growth) > MAX_GROWTH
    ]
    if result["unscored"]:
        broken.append(f"expected each transaction to be scored once, was {result['unscored']:+,} left")
    return broken


def _resident(looks: Sequence[Look], until_s: float) -> dict[str, float]:
    """Return each process's mean memory over the WINDOW_S before a moment."""
    seen = [look.resident_mb for look in looks if until_s - WINDOW_S <= look.at_s <= until_s]
    return {name: statistics.mean(row[name] for row in seen) for name in seen[-1]}


def _summary(phase: Phase) -> dict[str, float]:
    return {
        "minutes": round((phase.ended.at_s - phase.looks[0].at_s) / 60, 1),
        "published": phase.published,
        "rate_per_s": round(phase.rate),
        "scored_per_s": round(phase.scored_rate),
        "largest_lag": max(look.lag for look in phase.looks),
        "catch_up_s": round(phase.catch_up_s, 1),
        "largest_taskmanager_mb": round(max(look.resident_mb["taskmanager-1"] for look in phase.looks)),
        "longest_checkpoint_ms": max(look.checkpoint_ms for look in phase.looks),
    }


def _keep(settings: Settings, services: Services, topics: Sequence[str], size: int) -> None:
    """Let the broker keep so many bytes of each partition of some topics."""
    client = services.broker(settings).admin()
    values = {"retention.bytes": size, "segment.bytes": SEGMENT_BYTES}
    entries = [
        ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET) for name, value in values.items()
    ]
    wanted = [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries) for topic in topics]
    for done in client.incremental_alter_configs(wanted).values():
        done.result(timeout=20)


def _show(soak: Phase, overload: Phase) -> None:
    table = Table(box=None)
    table.add_column("process")
    for heading in ("MB at half of the soak", "at its end", "growth", "most under overload"):
        table.add_column(heading, justify="right")
    half = _resident(soak.looks, (soak.looks[0].at_s + soak.ended.at_s) / 2)
    last = _resident(soak.looks, soak.ended.at_s)
    for name, growth in memory_growth(soak).items():
        most = max(look.resident_mb[name] for look in overload.looks)
        table.add_row(name, f"{half[name]:,.0f}", f"{last[name]:,.0f}", f"{growth:+.1%}", f"{most:,.0f}")
    console.print(table)


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))

"""Command `chaos`."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.cli.bench import import_benchmarks
from fraudstream.terminal import AsJson, Rows, err, settings_of, show
from jobs.job_config import Guarantee, Mode

if TYPE_CHECKING:
    from benchmarks.chaos.experiment import Outcome


def chaos(
    context: typer.Context,
    *,
    kills: Annotated[int, typer.Option(min=1, help="Number of processes to kill.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the stream and of the faults.")] = 1,
    guarantee: Annotated[Guarantee | None, typer.Option(help="Delivery guarantee of the output topics.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="Execution mode of Python in Flink.")] = None,
    rate: Annotated[float, typer.Option(min=10, help="Transactions per second.")] = 150,
    outage: Annotated[
        bool, typer.Option(help="Stop the cluster once for longer than the Kafka transaction timeout.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Kill TaskManager, JobManager, ZooKeeper and broker under load, and compare all scores with an oracle.

    The command starts a stack of its own and recovers it as `up` does. Labels, deployments and rule books arrive
    meanwhile, the checkpoint folder is lost once, and the cluster is down once for longer than the Kafka transaction
    timeout. Without a model in model.artifact, one is trained and kept for the next run. Exit code 1 when a score is
    lost, duplicated, or differs from the oracle's score with the labels, model and rules that its record names.

    [bold]Examples[/]

      fraudstream chaos
      fraudstream chaos --kills 20 --seed 7 --guarantee exactly-once
      fraudstream chaos --kills 10 --mode process --json
    """
    import_benchmarks()
    from benchmarks.chaos.experiment import run_chaos
    from fraudstream.demos.demo import with_model

    settings = with_model(settings_of(context, job={"guarantee": guarantee, "mode": mode}))
    done = run_chaos(
        settings, kills=kills, seed=seed, rate=rate, outage=outage, notify=lambda line: err.print(line, soft_wrap=True)
    )
    broken = done.result.broken(settings.job.guarantee)
    summary = {"seed": seed, "guarantee": settings.job.guarantee, "mode": settings.job.mode, **_summary(done, broken)}
    show(summary, *_parts(done, broken), as_json=as_json, json_last=True)
    if broken:
        raise typer.Exit(1)


def _parts(done: Outcome, broken: list[str]) -> Iterator[Rows]:
    rows = [(f"{hit.at_s:.1f}", hit.target, f"{hit.recovery_s:.1f}") for hit in done.hits]
    yield Rows(("at, s", "killed", "recovery, s"), rows)
    marks = ((name, count, "BROKEN" if name in broken else "") for name, count in vars(done.result).items())
    yield Rows(("compared", "count", ""), ((name.replace("_", " "), f"{count:,}", mark) for name, count, mark in marks))


def _summary(done: Outcome, broken: list[str]) -> dict[str, Any]:
    from benchmarks.chaos.plan import ONCE

    killed = [hit for hit in done.hits if hit.target not in ONCE]
    times = [hit.recovery_s for hit in killed]
    return {
        "kills": len(killed),
        **vars(done.result),
        "broken": broken,
        "recovery_s": {"median": round(statistics.median(times), 1), "max": round(max(times), 1)},
        "stream_s": round(done.stream_s, 1),
        "oracle_s": round(done.oracle_s, 1),
        "hits": [
            {"at_s": round(h.at_s, 1), "target": h.target, "recovery_s": round(h.recovery_s, 1)} for h in done.hits
        ],
    }

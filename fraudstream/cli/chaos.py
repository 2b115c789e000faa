from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.cli.bench import import_benchmarks
from fraudstream.terminal import AsJson, err, out, settings_of, write_json, write_table
from jobs.job_config import Guarantee, Mode

if TYPE_CHECKING:
    from benchmarks.chaos.experiment import Outcome


def chaos(
    context: typer.Context,
    *,
    kills: Annotated[int, typer.Option(min=1, help="Processes to kill.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the stream and of the faults.")] = 1,
    guarantee: Annotated[Guarantee | None, typer.Option(help="Of what is written to Kafka.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="How Flink runs Python.")] = None,
    rate: Annotated[float, typer.Option(min=10, help="Transactions a second.")] = 150,
    outage: Annotated[
        bool, typer.Option(help="Stop the cluster once for longer than a Kafka transaction lives.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Kill TaskManager, JobManager, ZooKeeper and broker while transactions flow; compare all scores with an oracle.

    It starts a stack of its own and repairs it as `up` does; labels, deployments and rule books come meanwhile, the
    checkpoint folder is lost once, and the cluster is gone once for longer than a Kafka transaction lives. Where there
    is no model in model.artifact, it trains one of its own, and keeps it for the next time. Exit code 1 when anything
    was lost or doubled, or is not the oracle's upon the labels, model and rules that its record names.

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
        settings,
        kills=kills,
        seed=seed,
        rate=rate,
        outage=outage,
        tell=lambda line: err.print(line, soft_wrap=True),
    )
    broken = done.verdict.broken(settings.job.guarantee)
    if not as_json:
        _show(done, broken)
    write_json({"seed": seed, "guarantee": settings.job.guarantee, "mode": settings.job.mode, **_summary(done, broken)})
    if broken:
        raise typer.Exit(1)


def _show(done: Outcome, broken: list[str]) -> None:
    rows = [(f"{hit.at_s:.1f}", hit.target, f"{hit.recovery_s:.1f}") for hit in done.hits]
    write_table(("at, s", "hit", "scores again after, s"), rows)
    out.print()
    marks = ((name, count, "BROKEN" if name in broken else "") for name, count in vars(done.verdict).items())
    write_table(
        ("compared", "count", ""), ((name.replace("_", " "), f"{count:,}", mark) for name, count, mark in marks)
    )


def _summary(done: Outcome, broken: list[str]) -> dict[str, Any]:
    from benchmarks.chaos.plan import ONCE

    killed = [hit for hit in done.hits if hit.target not in ONCE]
    times = [hit.recovery_s for hit in killed]
    return {
        "kills": len(killed),
        **vars(done.verdict),
        "broken": broken,
        "recovery_s": {"median": round(statistics.median(times), 1), "max": round(max(times), 1)},
        "stream_s": round(done.stream_s, 1),
        "oracle_s": round(done.oracle_s, 1),
        "hits": [
            {"at_s": round(h.at_s, 1), "target": h.target, "recovery_s": round(h.recovery_s, 1)} for h in done.hits
        ],
    }

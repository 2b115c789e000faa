from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from fraudstream.terminal import (
    AsJson,
    download_bar,
    err,
    out,
    settings_of,
    write_json,
    write_line,
    write_table,
)


def up(
    context: typer.Context,
    *,
    taskmanagers: Annotated[int | None, typer.Option(min=1, help="TaskManagers, one slot each.")] = None,
    registry: Annotated[bool, typer.Option("--registry", help="A schema registry too (109 MB once).")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a Kafka broker and a Flink cluster here, and create the topics.

    What runs already is kept. Where the settings name your own broker or cluster, none is started.

    [bold]Examples[/]

      fraudstream up
      fraudstream up --taskmanagers 2
      fraudstream up --registry
      FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 fraudstream up
    """
    from fraudstream.devstack.jars import missing_jars, read_lock
    from fraudstream.devstack.stack import Watcher, start
    from fraudstream.system.folders import cache_folder

    settings = settings_of(context, flink={"taskmanagers": taskmanagers}, kafka={"embedded_registry": registry or None})
    parts = {"broker", "flink", *(["registry"] if settings.kafka.embedded_registry else [])}
    wanted = [jar for jar in read_lock() if jar.needed_by in parts]
    missing = sum(jar.size for jar in missing_jars(wanted, cache_folder() / "jars"))
    with download_bar(missing) as bar:
        task = bar.task_ids[0]
        watcher = Watcher(
            on_step=lambda step: bar.update(task, description=step),
            on_bytes=lambda count: bar.advance(task, count),
        )
        services = start(settings, watcher=watcher)
    if as_json:
        write_json(dataclasses.asdict(services))
        return
    out.print(f"Kafka     {services.bootstrap_servers}")
    out.print(f"Flink     {services.rest_url}")
    if services.registry_url:
        out.print(f"Registry  {services.registry_url}")
    out.print(f"Logs      {settings.state.logs}")


def down(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Stop all that `up` started. Topics and checkpoints are kept.

    [bold]Examples[/]

      fraudstream down
    """
    from fraudstream.devstack.stack import stop

    stopped = stop(settings_of(context))
    if as_json:
        write_json({"stopped": stopped})
    else:
        out.print(f"Stopped {', '.join(stopped)}" if stopped else "Nothing was running")


def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show what runs: processes, addresses, slots and jobs. Exit code 3 when something is missing.

    [bold]Examples[/]

      fraudstream status
      fraudstream status --json | jq .slots_free
    """
    from fraudstream.control.status import read_status

    found = read_status(settings_of(context))
    if as_json:
        write_json(found)
    else:
        _show(found)
    if not found["ready"]:
        err.print("Not everything runs: `fraudstream up` starts what is missing.")
        raise typer.Exit(3)


def _show(found: dict[str, Any]) -> None:
    rows = [(p["name"], p["pid"], "yes" if p["alive"] else "no", p["memory_mb"]) for p in found["processes"]]
    if rows:
        write_table(("process", "pid", "running", "memory MB"), rows)
    for name, address, answers in (
        ("Kafka", "bootstrap_servers", "broker"),
        ("Flink", "rest_url", "cluster"),
    ):
        out.print(f"{name}  {found[address] or '-'}  {'answers' if found[answers] else 'does not answer'}")
    if found["registry_url"]:
        out.print(f"Schema registry  {found['registry_url']}")
    out.print(f"Slots  {found['slots_free']} free of {found['slots_total']}")
    for job in found["jobs"]:
        out.print(f"Job    {job['id']}  {job['state']}  {job['name']}")
        if job["counts"]:
            out.print("       since it started: " + ", ".join(f"{n} {count:,}" for n, count in job["counts"].items()))
        if job["late_recovery"]:
            write_line(f"       {job['late_recovery']}")
        for topic in job["recreated_topics"]:
            write_line(f"       {topic}")
        if job["last_failure"]:
            at = datetime.fromtimestamp(job["last_failure"]["at_ms"] / 1000, UTC)
            write_line(f"       failed last at {at:%Y-%m-%d %H:%M:%S} UTC: {job['last_failure']['cause']}")

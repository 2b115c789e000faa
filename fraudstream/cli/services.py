"""Commands `up`, `down` and `status`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from fraudstream.terminal import AsJson, Rows, download_bar, err, settings_of, show


def up(
    context: typer.Context,
    *,
    taskmanagers: Annotated[int | None, typer.Option(min=1, help="Number of TaskManagers, one slot each.")] = None,
    registry: Annotated[
        bool, typer.Option("--registry", help="Start a schema registry (109 MB, downloaded once).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start a local Kafka broker and Flink cluster, and create the topics.

    Running services are kept. Nothing is started in place of a broker or cluster that the settings name.

    [bold]Examples[/]

      fraudstream up
      fraudstream up --taskmanagers 2
      fraudstream up --registry
      FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 fraudstream up
    """
    from fraudstream.devstack.flink_s3 import PLUGIN, uses_s3
    from fraudstream.devstack.jars import missing_jars, read_lock
    from fraudstream.devstack.stack import Progress, start
    from fraudstream.system.folders import cache_folder

    settings = settings_of(context, flink={"taskmanagers": taskmanagers}, kafka={"embedded_registry": registry or None})
    parts = {"broker", "flink", *(["registry"] if settings.kafka.embedded_registry else [])}
    parts |= {PLUGIN} if uses_s3(settings.flink.config) else set()
    jars = [jar for jar in read_lock() if jar.needed_by in parts]
    missing = sum(jar.size for jar in missing_jars(jars, cache_folder() / "jars"))
    with download_bar(missing) as bar:
        task = bar.task_ids[0]
        progress = Progress(
            on_step=lambda step: bar.update(task, description=step), on_bytes=lambda count: bar.advance(task, count)
        )
        services = start(settings, progress=progress)
    show(
        {
            "bootstrap_servers": services.broker.bootstrap_servers,
            "rest_url": services.rest_url,
            "registry_url": services.registry_url,
        },
        f"Kafka     {services.broker.bootstrap_servers}",
        f"Flink     {services.rest_url}",
        *([f"Registry  {services.registry_url}"] if services.registry_url else []),
        f"Logs      {settings.state.logs}",
        as_json=as_json,
    )


def down(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Stop the services that `up` started. Topics and checkpoints are kept.

    [bold]Examples[/]

      fraudstream down
    """
    from fraudstream.devstack.stack import stop

    stopped = stop(settings_of(context))
    text = f"Stopped {', '.join(stopped)}" if stopped else "Nothing was running"
    show({"stopped": stopped}, text, as_json=as_json)


def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show processes, addresses, slots and jobs. Exit code 3 when something is missing.

    [bold]Examples[/]

      fraudstream status
      fraudstream status --json | jq .slots_free
    """
    from fraudstream.control.status import read_status

    found = read_status(settings_of(context))
    show(found, *_parts(found), as_json=as_json)
    if not found["ready"]:
        err.print("Not everything runs: `fraudstream up` starts the missing services.")
        raise typer.Exit(3)


def _parts(found: dict[str, Any]) -> Iterator[str | Rows]:
    rows = [(p["name"], p["pid"], "yes" if p["alive"] else "no", p["memory_mb"]) for p in found["processes"]]
    if rows:
        yield Rows(("process", "pid", "running", "memory MB"), rows)
    for name, address, answers in (("Kafka", "bootstrap_servers", "broker"), ("Flink", "rest_url", "cluster")):
        yield f"{name}  {found[address] or '-'}  {'answers' if found[answers] else 'does not answer'}"
    if found["registry_url"]:
        yield f"Schema registry  {found['registry_url']}"
    yield f"Slots  {found['slots_free']} free of {found['slots_total']}"
    for job in found["jobs"]:
        yield f"Job    {job['id']}  {job['state']}  {job['name']}"
        if job["counts"]:
            yield "       since its start: " + ", ".join(f"{n} {count:,}" for n, count in job["counts"].items())
        if job["late_recovery"]:
            yield f"       {job['late_recovery']}"
        yield from (f"       {topic}" for topic in job["recreated_topics"])
        if job["last_failure"]:
            at = datetime.fromtimestamp(job["last_failure"]["at_ms"] / 1000, UTC)
            yield f"       last failure at {at:%Y-%m-%d %H:%M:%S} UTC: {job['last_failure']['cause']}"

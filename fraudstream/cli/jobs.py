from __future__ import annotations

from typing import Annotated, Any

import typer

from fraudstream.terminal import AsJson, err, out, settings_of, write_json, write_table
from schemas.errors import UserError


def submit(
    context: typer.Context,
    *,
    mode: Annotated[str | None, typer.Option(help="thread or process: how Flink runs Python.")] = None,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots that the job takes.")] = None,
    guarantee: Annotated[str | None, typer.Option(help="at-least-once or exactly-once.")] = None,
    state_backend: Annotated[str | None, typer.Option(help="hashmap or rocksdb.")] = None,
    start_from: Annotated[str | None, typer.Option(help="earliest, latest or committed.")] = None,
    model: Annotated[str | None, typer.Option(help="Folder of the model artifact.")] = None,
    from_savepoint: Annotated[str | None, typer.Option(help="Folder to restore from.")] = None,
    allow_dropped_state: Annotated[
        bool, typer.Option("--allow-dropped-state", help="Leave state behind that the job has no operator for.")
    ] = False,
    unmarked_state: Annotated[
        bool,
        typer.Option("--unmarked-state", help="The state is of fraudstream 0.1, with the settings' shards and mode."),
    ] = False,
    reset_topic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            help="transactions, labels or control: its topic was deleted and created again since the savepoint, and is "
            "read from its first record. May be given more than once.",
        ),
    ] = None,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss", help="Start from a checkpoint whose uncommitted output the brokers have aborted."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start the scoring job, and print the `flink run` line that does it.

    [bold]Examples[/]

      fraudstream submit
      fraudstream submit --mode process --state-backend rocksdb
      fraudstream submit --from-savepoint .fraudstream/savepoints/savepoint-1a2b3c-0123456789ab
      fraudstream submit --from-savepoint .fraudstream/savepoints/savepoint-1a2b3c-0123456789ab --reset-topic labels
    """
    from fraudstream.control.submit import submit as submit_job
    from fraudstream.devstack.stack import find_services
    from models.scoring.loaded_model import load_tested

    given = {
        "mode": mode,
        "parallelism": parallelism,
        "guarantee": guarantee,
        "state_backend": state_backend,
        "start_from": start_from,
    }
    if reset_topic and from_savepoint is None:
        raise UserError(
            "expected --from-savepoint with --reset-topic, got none: a job without state reads from the start"
        )
    settings = settings_of(context, job=given, model={"artifact": model})
    load_tested(settings.model.artifact)  # a wrong model is told here, not by a failing job
    services = find_services(settings)
    with err.status("submitting"):
        done = submit_job(
            settings,
            services,
            savepoint=from_savepoint,
            drop_state=allow_dropped_state,
            unmarked_state=unmarked_state,
            reset_topics=reset_topic or (),
            accept_loss=accept_loss,
            on_line=lambda line: err.print(line, soft_wrap=True),
        )
    if as_json:
        write_json({"job_id": done.job_id, "line": done.line, "config": str(done.config)})
    else:
        out.print(f"Job {done.job_id} is running ({services.rest_url}/#/job/{done.job_id}/overview)", soft_wrap=True)


def stop(
    context: typer.Context,
    *,
    job: Annotated[str | None, typer.Argument(help="Id of the job; needed only when several run.")] = None,
    savepoint: Annotated[bool, typer.Option("--savepoint", help="Keep the state, to resume from.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the running job, keeping its state with --savepoint.

    [bold]Examples[/]

      fraudstream stop --savepoint
      fraudstream stop 0123456789abcdef0123456789abcdef
    """
    from fraudstream.control.submit import stop_job
    from fraudstream.devstack.stack import find_services

    settings = settings_of(context)
    services = find_services(settings)
    job_id = job or _only_job(services.rest_url)
    with err.status("stopping"):
        kept = stop_job(settings, services, job_id, savepoint=savepoint)
    if as_json:
        write_json({"job_id": job_id, "savepoint": kept})
    else:
        out.print(f"Stopped {job_id}")
        if kept:
            out.print(f"Resume with: fraudstream submit --from-savepoint {kept}", soft_wrap=True)


def jobs(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the cluster's jobs.

    [bold]Examples[/]

      fraudstream jobs
      fraudstream jobs --json
    """
    from fraudstream.devstack.stack import find_services

    found = _jobs(find_services(settings_of(context)).rest_url)
    if as_json:
        write_json(found)
    else:
        write_table(
            ("job", "name", "state", "running s", "why it failed last"),
            [(j["jid"], j["name"], j["state"], j["duration"] // 1000, j["cause"]) for j in found],
        )


def _jobs(rest_url: str) -> list[dict[str, Any]]:
    from fraudstream.devstack.flink_rest import FlinkRest

    rest = FlinkRest(url=rest_url)
    return [{**job, "cause": rest.root_cause(job["jid"])} for job in rest.jobs()]


def _only_job(rest_url: str) -> str:
    live = [job for job in _jobs(rest_url) if job["state"] in {"RUNNING", "RESTARTING", "CREATED", "FAILING"}]
    if len(live) == 1:
        return str(live[0]["jid"])
    names = ", ".join(f"{job['jid']} ({job['name']})" for job in live) or "none"
    raise UserError(f"expected one running job to stop, but found {names}: name the one to stop")

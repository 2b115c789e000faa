"""Commands `submit`, `stop` and `jobs`."""

from typing import Annotated, Any

import typer

from fraudstream.terminal import AsJson, Rows, err, settings_of, show
from schemas.errors import UserError


def submit(
    context: typer.Context,
    *,
    mode: Annotated[str | None, typer.Option(help="Execution mode of Python in Flink: thread or process.")] = None,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Parallelism of the job, in slots.")] = None,
    guarantee: Annotated[str | None, typer.Option(help="Delivery guarantee: at-least-once or exactly-once.")] = None,
    state_backend: Annotated[str | None, typer.Option(help="State backend: hashmap or rocksdb.")] = None,
    start_from: Annotated[
        str | None, typer.Option(help="Start offsets of a new job: earliest, latest or committed.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Folder of the model artifact.")] = None,
    from_savepoint: Annotated[str | None, typer.Option(help="Savepoint or checkpoint to restore from.")] = None,
    allow_dropped_state: Annotated[
        bool, typer.Option("--allow-dropped-state", help="Allow state that no operator of the job restores.")
    ] = False,
    unmarked_state: Annotated[
        bool,
        typer.Option("--unmarked-state", help="State of fraudstream 0.1, with shards and mode as in the settings."),
    ] = False,
    reset_topic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            help="Input to read from its first record, because its topic was recreated since the savepoint: "
            "transactions, labels or control. Repeat for several.",
        ),
    ] = None,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Restore a checkpoint whose uncommitted output the brokers have aborted."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Submit the scoring job, and print the `flink run` command.

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
            "expected --from-savepoint with --reset-topic, got none. A job without state reads from the first record"
        )
    settings = settings_of(context, job=given, model={"artifact": model})
    load_tested(settings.model.artifact)  # fail here, not in the job
    services = find_services(settings)
    with err.status("submitting"):
        done = submit_job(
            services,
            savepoint=from_savepoint,
            drop_state=allow_dropped_state,
            unmarked_state=unmarked_state,
            reset_topics=reset_topic or (),
            accept_loss=accept_loss,
            on_line=lambda line: err.print(line, soft_wrap=True),
        )
    show(
        {"job_id": done.job_id, "line": done.line, "config": str(done.config)},
        f"Job {done.job_id} is running ({services.rest_url}/#/job/{done.job_id}/overview)",
        as_json=as_json,
    )


def stop(
    context: typer.Context,
    *,
    job: Annotated[str | None, typer.Argument(help="Job id; required when several jobs run.")] = None,
    savepoint: Annotated[bool, typer.Option("--savepoint", help="Take a savepoint to resume from.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the running job, with a savepoint on --savepoint.

    [bold]Examples[/]

      fraudstream stop --savepoint
      fraudstream stop 0123456789abcdef0123456789abcdef
    """
    from fraudstream.control.submit import stop_job
    from fraudstream.devstack.stack import find_services

    settings = settings_of(context)
    services = find_services(settings)
    job_id = job or only_job(services.rest_url)
    with err.status("stopping"):
        kept = stop_job(services, job_id, savepoint=savepoint)
    resume = [f"Resume with: fraudstream submit --from-savepoint {kept}"] if kept else []
    show({"job_id": job_id, "savepoint": kept}, f"Stopped {job_id}", *resume, as_json=as_json)


def jobs(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the jobs of the cluster.

    [bold]Examples[/]

      fraudstream jobs
      fraudstream jobs --json
    """
    from fraudstream.devstack.stack import find_services

    found = _jobs(find_services(settings_of(context)).rest_url)
    rows = [(j["jid"], j["name"], j["state"], j["duration"] // 1000, j["cause"]) for j in found]
    show(found, Rows(("job", "name", "state", "running s", "last failure"), rows), as_json=as_json)


def _jobs(rest_url: str) -> list[dict[str, Any]]:
    from fraudstream.devstack.flink_rest import FlinkRest

    rest = FlinkRest(url=rest_url)
    return [{**job, "cause": rest.root_cause(job["jid"])} for job in rest.jobs()]


def only_job(rest_url: str) -> str:
    """Return the id of the one running job."""
    live = [job for job in _jobs(rest_url) if job["state"] in {"RUNNING", "RESTARTING", "CREATED", "FAILING"}]
    if len(live) == 1:
        return str(live[0]["jid"])
    names = ", ".join(f"{job['jid']} ({job['name']})" for job in live) or "none"
    raise UserError(f"expected one running job, found {names}. Name the job")

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.terminal import AsJson, err, out, settings_of, write_json, write_table

if TYPE_CHECKING:
    from fraudstream.control.bluegreen import BlueGreen
    from fraudstream.settings.settings import Settings

app = typer.Typer(
    help="Run a new version of the job beside the live one, compare their scores, hand over.", no_args_is_help=True
)


@app.command()
def start(
    context: typer.Context,
    *,
    model: Annotated[str | None, typer.Option(help="Folder of the new version's model artifact.")] = None,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots that the new version takes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start a new version of the job, as the settings have it, as the live one's standby.

    It starts from a savepoint of the live job, which goes on. It does all that the job does, but of what it makes the
    scores alone are written, to the scores topic's name with `.standby` at its end.

    [bold]Examples[/]

      fraudstream bluegreen start --model artifacts/model-2
      fraudstream --config next.toml bluegreen start
    """
    settings = settings_of(context, model={"artifact": model}, job={"parallelism": parallelism})
    started = _bluegreen(settings).start()
    _tell(as_json, started.job_id, "runs as standby. Next: fraudstream bluegreen compare")


@app.command()
def compare(
    context: typer.Context,
    *,
    tolerate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of decisions that may differ; beyond it the exit code is 1.")
    ] = 0.01,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that the standby may lag behind.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Compare the standby's scores with the live job's, of all transactions since it was started.

    [bold]Examples[/]

      fraudstream bluegreen compare
      fraudstream bluegreen compare --tolerate 0.001 --json
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.readers.score_comparison import compare_scores

    settings = settings_of(context)
    both = _bluegreen(settings)
    live, standby = both.live().config, both.standby().config
    with err.status("comparing"):
        found = compare_scores(
            Broker(settings, live.bootstrap_servers),
            (live.topics.scores, standby.topics.scores),
            since_ms=both.plan().standby_since_ms,
            patience_s=wait,
        )
    if as_json:
        write_json({**asdict(found), "disagreement": found.disagreement})
    else:
        write_table(("what", "figure"), [(name.replace("_", " "), value) for name, value in asdict(found).items()])
        out.print(f"Decided otherwise, or not at all: {found.disagreement:.2%}")
    if found.disagreement > tolerate:
        err.print(f"expected at most {tolerate:.2%} of the decisions to differ, was {found.disagreement:.2%}")
        raise typer.Exit(1)


@app.command()
def switch(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the standby's version live: the old one stops with a savepoint, the new one starts from exactly that.

    When the new one does not come up, the old one is put back.

    [bold]Examples[/]

      fraudstream bluegreen switch
    """
    started = _bluegreen(settings_of(context)).switch()
    _tell(as_json, started.job_id, "is live. Undo with: fraudstream bluegreen back")


@app.command()
def back(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the version live that was so before the last switch; it goes on from the present one's state.

    [bold]Examples[/]

      fraudstream bluegreen back
    """
    started = _bluegreen(settings_of(context)).back()
    _tell(as_json, started.job_id, "is live again")


@app.command()
def stop(context: typer.Context, *, as_json: AsJson = False) -> None:
    """End the standby; the live job is not touched.

    [bold]Examples[/]

      fraudstream bluegreen stop
    """
    ended = _bluegreen(settings_of(context)).stop_standby()
    _tell(as_json, ended.job_id, "was ended")


@app.command()
def resume(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Bring a switch to its end that was interrupted: when nobody is live, the former version is put back.

    The other commands here do so first by themselves.

    [bold]Examples[/]

      fraudstream bluegreen resume
    """
    both = _bluegreen(settings_of(context))
    back = both.resume()
    _tell(as_json, back.job_id if back else both.live().job_id, "was put back" if back else "is live")


@app.command()
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show which job is live and which is its standby.

    [bold]Examples[/]

      fraudstream bluegreen status
    """
    both = _bluegreen(settings_of(context))
    rows = [
        {
            "role": "standby" if one.config.standby else "live",
            "colour": one.colour,
            "job": one.job_id,
            "name": one.config.name,
            "model": one.config.model,
        }
        for one in both.deployments()
    ]
    interrupted = both.plan().leaving_job is not None
    if as_json:
        write_json({"jobs": rows, "can_go_back": both.plan().previous_file is not None, "interrupted": interrupted})
    else:
        write_table(("role", "colour", "job", "name", "model"), [tuple(row.values()) for row in rows])
        if interrupted:
            out.print("A hand-over was interrupted, or goes on: fraudstream bluegreen resume")


def _bluegreen(settings: Settings) -> BlueGreen:
    from fraudstream.control.bluegreen import BlueGreen
    from fraudstream.devstack.stack import find_services

    return BlueGreen(settings, find_services(settings), on_step=lambda step: err.print(step, soft_wrap=True))


def _tell(as_json: bool, job_id: str, what: str) -> None:
    if as_json:
        write_json({"job_id": job_id})
    else:
        out.print(f"Job {job_id} {what}", soft_wrap=True)

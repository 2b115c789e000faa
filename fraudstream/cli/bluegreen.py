"""Commands `bluegreen ...`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.terminal import AsJson, Rows, err, settings_of, show

if TYPE_CHECKING:
    from fraudstream.control.bluegreen import BlueGreen
    from fraudstream.settings.settings import Settings

app = typer.Typer(
    help="Run a new version of the job next to the live one, compare their scores, switch over.", no_args_is_help=True
)


@app.command()
def start(
    context: typer.Context,
    *,
    model: Annotated[str | None, typer.Option(help="Folder of the model artifact of the new version.")] = None,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots of the new version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start a new version of the job from the settings, as the standby of the live job.

    The standby starts from a savepoint of the live job, which continues to run. It writes scores only, to the scores
    topic with the suffix `.standby`.

    [bold]Examples[/]

      fraudstream bluegreen start --model artifacts/model-2
      fraudstream --config next.toml bluegreen start
    """
    settings = settings_of(context, model={"artifact": model}, job={"parallelism": parallelism})
    started = _bluegreen(settings).start()
    _show(as_json, started.job_id, "runs as standby. Next: fraudstream bluegreen compare")


@app.command()
def compare(
    context: typer.Context,
    *,
    tolerate: Annotated[
        float, typer.Option(min=0, max=1, help="Fraction of decisions that may differ before the exit code is 1.")
    ] = 0.01,
    wait: Annotated[float, typer.Option(min=0, help="Maximum lag of the standby, in seconds.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Compare the scores of standby and live job since the standby started.

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
    show(
        {**asdict(found), "disagreement": found.disagreement},
        Rows(("what", "figure"), [(name.replace("_", " "), value) for name, value in asdict(found).items()]),
        f"Different or missing decisions: {found.disagreement:.2%}",
        as_json=as_json,
    )
    if found.disagreement > tolerate:
        err.print(f"expected at most {tolerate:.2%} of the decisions to differ, got {found.disagreement:.2%}")
        raise typer.Exit(1)


@app.command()
def switch(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the standby's version live: the old version stops with a savepoint, the new one starts from it.

    If the new version does not start, the old one is restored.

    [bold]Examples[/]

      fraudstream bluegreen switch
    """
    started = _bluegreen(settings_of(context)).switch()
    _show(as_json, started.job_id, "is live. Undo with: fraudstream bluegreen back")


@app.command()
def back(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Switch back to the previous version, keeping the current state.

    [bold]Examples[/]

      fraudstream bluegreen back
    """
    started = _bluegreen(settings_of(context)).back()
    _show(as_json, started.job_id, "is live again")


@app.command()
def stop(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Stop the standby. The live job continues.

    [bold]Examples[/]

      fraudstream bluegreen stop
    """
    ended = _bluegreen(settings_of(context)).stop_standby()
    _show(as_json, ended.job_id, "was stopped")


@app.command()
def resume(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Complete an interrupted switch; if no version is live, the previous one is restored.

    The other bluegreen commands do this first.

    [bold]Examples[/]

      fraudstream bluegreen resume
    """
    both = _bluegreen(settings_of(context))
    back = both.resume()
    _show(as_json, back.job_id if back else both.live().job_id, "was restored" if back else "is live")


@app.command()
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the live job and its standby.

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
    show(
        {"jobs": rows, "can_go_back": both.plan().previous_file is not None, "interrupted": interrupted},
        Rows(("role", "colour", "job", "name", "model"), [tuple(row.values()) for row in rows]),
        *(["A switch was interrupted or is in progress: fraudstream bluegreen resume"] if interrupted else []),
        as_json=as_json,
    )


def _bluegreen(settings: Settings) -> BlueGreen:
    from fraudstream.control.bluegreen import BlueGreen
    from fraudstream.devstack.stack import find_services

    return BlueGreen(find_services(settings), on_step=lambda step: err.print(step, soft_wrap=True))


def _show(as_json: bool, job_id: str, what: str) -> None:
    show({"job_id": job_id}, f"Job {job_id} {what}", as_json=as_json)

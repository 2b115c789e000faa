from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.terminal import AsJson, err, settings_of, write_json, write_line, write_table
from schemas.errors import UserError

if TYPE_CHECKING:
    from fraudstream.control.control_topic import Deployment
    from fraudstream.control.model_events import ShardReport
    from fraudstream.settings.settings import Settings


def deploy(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The model that decides, as every TaskManager reads it.")],
    *,
    review_threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Instead of the model's own.")] = None,
    block_threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Instead of the model's own.")] = None,
    challenger: Annotated[
        list[Path] | None, typer.Option(help="A model that scores beside it; may be repeated.")
    ] = None,
    share: Annotated[
        list[float] | None, typer.Option(min=0, max=1, help="Of the customers; one for each challenger.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")] = "",
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the job's answer.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Order the job to score with other models, and wait until each shard has changed or refused.

    It is the whole order: challengers that are not named again score no more. Exit code 1 when a shard refuses, or
    does not answer in time; a refused order leaves the former models in force.

    [bold]Examples[/]

      fraudstream model deploy artifacts/new --reason "recall on gift cards"
      fraudstream model deploy artifacts/model --challenger artifacts/new
      fraudstream model deploy artifacts/model --challenger artifacts/new --share 0.1
    """
    from fraudstream.control.control_topic import publish_deployment
    from fraudstream.control.model_events import await_answers
    from fraudstream.devstack.stack import find_services

    settings = settings_of(context)
    deployment = _deployment(
        settings, folder, (review_threshold, block_threshold), challenger or [], share or [], reason
    )
    services = find_services(settings)
    publish_deployment(settings, services, deployment)
    with err.status("waiting for the job"):
        told = await_answers(
            services.broker(settings),
            deployment.deployment_id,
            seconds=wait,
        )
    _show(told, as_json=as_json)
    if not all(shard.follows for shard in told):
        raise typer.Exit(1)


def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show what the job says that it scores with, shard by shard; exit code 1 when one refused the newest order.

    [bold]Examples[/]

      fraudstream model status
      fraudstream model status --json | jq .[].model
    """
    from fraudstream.control.control_topic import read_deployment
    from fraudstream.control.model_events import REFUSED, ShardReport, read_model_events
    from fraudstream.devstack.stack import find_services
    from jobs.shards import SHARD_KEYS

    settings = settings_of(context)
    services = find_services(settings)
    newest = read_deployment(settings, services)
    events = read_model_events(services.broker(settings))
    wanted = newest.deployment_id if newest else None
    told = [ShardReport.of(shard, events, wanted) for shard in SHARD_KEYS[settings.job.shards]]
    _show(told, as_json=as_json)
    if any(shard.answer and shard.answer.kind == REFUSED for shard in told):
        raise typer.Exit(1)


def compare(
    context: typer.Context,
    *,
    since: Annotated[datetime | None, typer.Option(help="Only what was scored from this time on, UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the champion with each of its challengers on what the job has scored with both.

    [bold]Examples[/]

      fraudstream model compare
      fraudstream model compare --since 2026-11-20 --json
    """
    from fraudstream.control.control_topic import read_deployment
    from fraudstream.devstack.stack import find_services
    from fraudstream.lifecycle.shadow_results import ShadowResult, read_shadow_records
    from fraudstream.system.failures import NotReady

    settings = settings_of(context)
    services = find_services(settings)
    newest = read_deployment(settings, services)
    if newest is None or not newest.challengers:
        raise NotReady(
            "expected a challenger beside the champion, was none: "
            "name one with `fraudstream model deploy CHAMPION --challenger FOLDER`"
        )
    since_ms = None if since is None else round(since.replace(tzinfo=UTC).timestamp() * 1000)
    records = read_shadow_records(services.broker(settings), since_ms=since_ms)
    champion, *challengers = newest.model_ids
    found = [ShadowResult.of(records, champion, name) for name in challengers]
    if as_json:
        write_json([{**asdict(result), "agreement": result.agreement} for result in found])
        return
    write_line(f"champion {champion}")
    write_table(
        ("challenger", "scored", "decided", "agree", "mean diff", "max diff", "alerts", "champion's", "both"),
        [
            (
                item.challenger_id, f"{item.transactions:,}", f"{item.decided:,}", f"{item.agreement:.3%}",
                f"{item.mean_difference:.3g}", f"{item.max_difference:.3g}",
                f"{item.challenger_alerts:,}", f"{item.champion_alerts:,}", f"{item.both_alert:,}",
            )
            for item in found
        ],
    )  # fmt: skip


def _deployment(
    settings: Settings,
    folder: Path,
    thresholds: tuple[float | None, float | None],
    challengers: list[Path],
    shares: list[float],
    reason: str,
) -> Deployment:
    """Make the order of what was given on the line, once each model was loaded here as the job will.

    It names copies in the store: what becomes of the folders does not matter to the job.
    """
    import uuid

    from fraudstream.control.control_topic import Challenger, Deployment, Served
    from fraudstream.control.model_store import serve_artifact
    from models.scoring.loaded_model import load_model, load_tested

    if len(shares) not in {0, len(challengers)}:
        raise UserError(
            f"expected a --share for each of the {len(challengers)} challengers or none, was {len(shares)}: give 0 to "
            "those that are only compared"
        )

    def named(place: Path) -> dict[str, Any]:
        artifact = load_tested(place.expanduser().absolute())
        manifest, location = artifact.manifest, serve_artifact(artifact, settings)
        return {"model_id": manifest.model_id, "location": str(location), "sha256": manifest.onnx_sha256}

    review, block = thresholds
    champion = Served(**named(folder), review_threshold=review, block_threshold=block)
    others = tuple(
        Challenger(**named(place), share=share)
        for place, share in zip(challengers, shares or [0.0] * len(challengers), strict=True)
    )
    for served in (champion, *others):
        load_model(served)
    return Deployment(
        deployment_id=str(uuid.uuid4()),
        changed_at=datetime.now(UTC),
        changed_by=_user(),
        reason=reason,
        champion=champion,
        challengers=others,
    )


def _user() -> str:
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def _show(told: list[ShardReport], *, as_json: bool) -> None:
    if as_json:
        write_json([shard_as_json(shard) for shard in told])
    else:
        show_shards(told)


def show_shards(told: list[ShardReport]) -> None:
    """Show what each shard scores with, and what it made of an order."""
    columns = ("shard", "model", "challengers", "since", "newest order")
    write_table(columns, [_row(shard) for shard in told])


def _row(shard: ShardReport) -> tuple[object, ...]:
    serving, answer = shard.serving, shard.answer
    became = "no answer" if answer is None else f"{answer.kind} {answer.detail}".strip()
    if serving is None:
        return shard.shard, "-", "-", "-", became
    others = ", ".join(serving.challengers) or "-"
    return shard.shard, serving.model_id, others, f"{serving.at:%Y-%m-%d %H:%M:%S}", became


def shard_as_json(shard: ShardReport) -> dict[str, Any]:
    """Return the same for a program."""
    serving, answer = shard.serving, shard.answer
    return {
        "shard": shard.shard,
        "model": serving.model_id if serving else None,
        "challengers": list(serving.challengers) if serving else [],
        "deployment": serving.deployment_id if serving else None,
        "since": serving.at.isoformat() if serving else None,
        "answer": asdict(answer) if answer else None,
    }

"""Commands `model deploy`, `status` and `compare`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.terminal import AsJson, Rows, err, settings_of, show
from schemas.errors import UserError

if TYPE_CHECKING:
    from fraudstream.control.model_events import ShardReport
    from fraudstream.settings.settings import Settings
    from schemas.deployment import Deployment


def deploy(
    context: typer.Context,
    folder: Annotated[Path, path_argument(help="Folder of the champion's artifact.")],
    *,
    review_threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Review threshold; the model's by default.")
    ] = None,
    block_threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Block threshold; the model's by default.")
    ] = None,
    challenger: Annotated[
        list[Path] | None, path_option(help="Folder of a challenger's artifact; repeat for several.")
    ] = None,
    share: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="Fraction of customers the challenger decides for; one per challenger."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Reason, recorded in the control topic.")] = "",
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the reply of the job.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Deploy models to the running job, and wait until each shard has switched or refused.

    A deployment is complete: challengers that it does not name are removed. Exit code 1 when a shard refuses or does
    not reply in time; a shard that refuses keeps its previous models.

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
    broker = find_services(settings).broker
    publish_deployment(broker, deployment)
    with err.status("waiting for the job"):
        shards = await_answers(broker, deployment.deployment_id, seconds=wait)
    _show(shards, as_json=as_json)
    if not all(shard.follows for shard in shards):
        raise typer.Exit(1)


def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the deployed models by shard. Exit code 1 when a shard refused the newest deployment.

    [bold]Examples[/]

      fraudstream model status
      fraudstream model status --json | jq .[].model
    """
    from fraudstream.control.control_topic import read_deployment
    from fraudstream.control.model_events import REFUSED, ShardReport, read_model_events
    from fraudstream.devstack.stack import find_services
    from jobs.shards import SHARD_KEYS

    settings = settings_of(context)
    broker = find_services(settings).broker
    newest = read_deployment(broker)
    events = read_model_events(broker)
    deployment_id = newest.deployment_id if newest else None
    shards = [ShardReport.of(shard, events, deployment_id) for shard in SHARD_KEYS[settings.job.shards]]
    _show(shards, as_json=as_json)
    if any(shard.answer and shard.answer.kind == REFUSED for shard in shards):
        raise typer.Exit(1)


def compare(
    context: typer.Context,
    *,
    since: Annotated[datetime | None, typer.Option(help="Earliest scoring time, UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the champion with each challenger on transactions scored by both.

    [bold]Examples[/]

      fraudstream model compare
      fraudstream model compare --since 2026-11-20 --json
    """
    from fraudstream.control.control_topic import read_deployment
    from fraudstream.devstack.stack import find_services
    from fraudstream.lifecycle.shadow_results import ShadowResult, read_shadow_records
    from fraudstream.system.failures import NotReady

    settings = settings_of(context)
    broker = find_services(settings).broker
    newest = read_deployment(broker)
    if newest is None or not newest.challengers:
        raise NotReady(
            "expected a challenger in the deployment, found none. "
            "Deploy one with `fraudstream model deploy CHAMPION --challenger FOLDER`"
        )
    since_ms = None if since is None else round(since.replace(tzinfo=UTC).timestamp() * 1000)
    records = read_shadow_records(broker, since_ms=since_ms)
    champion, *challengers = newest.model_ids
    found = [ShadowResult.of(records, champion, name) for name in challengers]
    table = Rows(
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
    result = [{**asdict(item), "agreement": item.agreement} for item in found]
    show(result, f"champion {champion}", table, as_json=as_json)


def _deployment(
    settings: Settings,
    folder: Path,
    thresholds: tuple[float | None, float | None],
    challengers: list[Path],
    shares: list[float],
    reason: str,
) -> Deployment:
    """Build a deployment of copies in the store, after a test that each model loads as in the job."""
    import uuid

    from fraudstream.control.model_store import serve_artifact
    from fraudstream.system.user import user
    from models.scoring.loaded_model import load_model, load_tested
    from schemas.deployment import Challenger, Deployment, Served

    if len(shares) not in {0, len(challengers)}:
        raise UserError(
            f"expected a --share for each of the {len(challengers)} challengers or none, got {len(shares)}. Set 0 for "
            "shadow only"
        )

    def stored(folder: Path) -> dict[str, Any]:
        artifact = load_tested(folder.expanduser().absolute())
        manifest, location = artifact.manifest, serve_artifact(artifact, settings)
        return {"model_id": manifest.model_id, "location": str(location), "sha256": manifest.onnx_sha256}

    review, block = thresholds
    champion = Served(**stored(folder), review_threshold=review, block_threshold=block)
    others = tuple(
        Challenger(**stored(path), share=share)
        for path, share in zip(challengers, shares or [0.0] * len(challengers), strict=True)
    )
    for served in (champion, *others):
        load_model(served)
    return Deployment(
        deployment_id=str(uuid.uuid4()),
        changed_at=datetime.now(UTC),
        changed_by=user(),
        reason=reason,
        champion=champion,
        challengers=others,
    )


def _show(shards: list[ShardReport], *, as_json: bool) -> None:
    show([shard_as_json(shard) for shard in shards], shard_table(shards), as_json=as_json)


def shard_table(shards: list[ShardReport]) -> Rows:
    """Return a table of the models of each shard, and its reply to the newest deployment."""
    columns = ("shard", "model", "challengers", "since", "newest deployment")
    return Rows(columns, [_row(shard) for shard in shards])


def _row(shard: ShardReport) -> tuple[object, ...]:
    serving, answer = shard.serving, shard.answer
    reply = "no reply" if answer is None else f"{answer.kind} {answer.detail}".strip()
    if serving is None:
        return shard.shard, "-", "-", "-", reply
    others = ", ".join(serving.challengers) or "-"
    return shard.shard, serving.model_id, others, f"{serving.at:%Y-%m-%d %H:%M:%S}", reply


def shard_as_json(shard: ShardReport) -> dict[str, Any]:
    """Return the models and the reply of a shard as JSON."""
    serving, answer = shard.serving, shard.answer
    return {
        "shard": shard.shard,
        "model": serving.model_id if serving else None,
        "challengers": list(serving.challengers) if serving else [],
        "deployment": serving.deployment_id if serving else None,
        "since": serving.at.isoformat() if serving else None,
        "answer": asdict(answer) if answer else None,
    }

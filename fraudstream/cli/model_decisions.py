"""Commands `model check`, `promote`, `shadow`, `rollback` and `redeploy`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from fraudstream.cli.gate_table import gate_tables
from fraudstream.cli.model_deployments import shard_as_json, shard_table
from fraudstream.cli.model_versions import Version
from fraudstream.cli.path_parameter import path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, count_bar, err, settings_of, show, stage_shower, warn
from schemas.errors import UserError

if TYPE_CHECKING:
    from fraudstream.control.model_events import ShardReport
    from fraudstream.kafka.broker import Broker
    from fraudstream.lifecycle.audit_log import AuditEntry
    from fraudstream.lifecycle.gate_checks import GateReport
    from fraudstream.lifecycle.model_registry import ModelRegistry
    from fraudstream.lifecycle.promotion import Promotion
    from fraudstream.settings.settings import Settings
    from models.promotion.gates import Gate

On = Annotated[
    Path | None,
    path_option("--on", help="Data to compare on: labelled Parquet file, or archive of the inference topic."),
]
Reason = Annotated[str, typer.Option(help="Reason, recorded in the audit log.")]
Force = Annotated[bool, typer.Option("--force", help="Override failed gates; needs --reason.")]
Report = Annotated[Path | None, path_option(help="HTML report to write, with charts of both models.")]
NoPublish = Annotated[
    bool, typer.Option("--no-publish", help="Change the registry only; `model redeploy` updates the job later.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the reply of each shard.")]


def check(
    context: typer.Context,
    version: Version,
    *,
    on: On = None,
    timezone: Timezone = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Check a model against the promotion gates without changing anything. Exit code 1 when a gate fails.

    [bold]Examples[/]

      fraudstream model check 3 --on labelled.parquet --report check.html
    """
    settings, registry = _open(context)
    found = _check(with_timezone(settings, timezone), registry, version, on, report)
    gates = [asdict(gate) for gate in found.gates]
    show({"passed": found.passed, "gates": gates}, *gate_tables(gates), as_json=as_json)
    if not found.passed:
        raise typer.Exit(1)


def promote(
    context: typer.Context,
    version: Version,
    *,
    on: On = None,
    timezone: Timezone = None,
    reason: Reason = "",
    force: Force = False,
    report: Report = None,
    no_publish: NoPublish = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Promote a model to champion if it passes the gates, and deploy it to the running job.

    The first champion is not compared. Exit code 1 when a gate fails, or when a shard refuses the model or does not
    reply. `model log` has all decisions, also refused ones.

    [bold]Examples[/]

      fraudstream model promote 3 --on labelled.parquet --reason "recall on gift cards" --report promotion.html
      fraudstream model promote challenger --on artifacts/inference
      fraudstream model promote 2 --force --reason "incident 4711: the champion times out"
    """
    settings, registry = _open(context)
    _expect_reason(force, reason)
    broker = None if no_publish else _broker(settings)
    found = _check(with_timezone(settings, timezone), registry, version, on, report, may_lack=force)
    entry = _promotion(settings, registry, broker).promote(found, reason=reason, force=force)
    _report(entry, found.gates, broker=broker, no_wait=no_wait, as_json=as_json)


def shadow(
    context: typer.Context,
    version: Version,
    *,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Fraction of customers the challenger decides for; 0 means shadow only.")
    ] = 0.0,
    reason: Reason = "",
    force: Force = False,
    no_publish: NoPublish = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Run a model in shadow mode next to the champion, if its parity report and latency pass.

    Exit code 1 when they do not, or when a shard refuses the model or does not reply.

    [bold]Examples[/]

      fraudstream model shadow 3
      fraudstream model shadow 3 --share 0.1 --reason "A/B"
    """
    from fraudstream.lifecycle.gate_checks import check_gates

    settings, registry = _open(context)
    _expect_reason(force, reason)
    broker = None if no_publish else _broker(settings)
    found = check_gates(registry, registry.find(version), settings)
    entry = _promotion(settings, registry, broker).shadow(found, share=share, reason=reason, force=force)
    _report(entry, found.gates, broker=broker, no_wait=no_wait, as_json=as_json)


def rollback(
    context: typer.Context,
    *,
    reason: Reason = "",
    no_publish: NoPublish = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Undo the latest promotion or shadow deployment; repeat to undo earlier ones.

    Exit code 1 when a shard refuses or does not reply.

    [bold]Examples[/]

      fraudstream model rollback --reason "alerts doubled"
    """
    settings, registry = _open(context)
    broker = None if no_publish else _broker(settings)
    entry = _promotion(settings, registry, broker).rollback(reason=reason)
    _report(entry, (), broker=broker, no_wait=no_wait, as_json=as_json)


def redeploy(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Publish the registry's models to the job: after --no-publish, or on a new broker.

    [bold]Examples[/]

      fraudstream model redeploy
    """
    settings, registry = _open(context)
    deployment = _promotion(settings, registry, _broker(settings)).publish()
    text = f"{settings.topics.control}: champion {deployment.champion.model_id}"
    show(asdict(deployment), text, as_json=as_json)


def _open(context: typer.Context) -> tuple[Settings, ModelRegistry]:
    from fraudstream.lifecycle.model_registry import ModelRegistry

    settings = settings_of(context)
    with err.status("opening the registry"):
        return settings, ModelRegistry(settings)


def _broker(settings: Settings) -> Broker:
    """Find the broker; the job may start later."""
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.system.failures import NotReady

    try:
        broker = Broker.of(settings)
        require_topics(broker, settings.topics.control)
    except NotReady as error:
        raise NotReady(
            f"{error}. Or change the registry only (--no-publish), then run `fraudstream model redeploy`"
        ) from None
    return broker


def _promotion(settings: Settings, registry: ModelRegistry, broker: Broker | None) -> Promotion:
    from fraudstream.lifecycle.decision_notice import notify_decision
    from fraudstream.lifecycle.promotion import Promotion

    def notify(entry: AuditEntry) -> None:
        notify_decision(settings, entry, warn)

    return Promotion(settings, registry, broker, on_decision=notify)


def _check(
    settings: Settings,
    registry: ModelRegistry,
    version: str,
    on: Path | None,
    report: Path | None,
    *,
    may_lack: bool = False,
) -> GateReport:
    from fraudstream.lifecycle.gate_checks import check_gates_against

    with count_bar("comparing", None) as bar:
        found = check_gates_against(
            registry, registry.find(version), on, settings, stage_shower(bar), may_lack=may_lack
        )
    if report is not None:
        _write_report(report, found, settings)
    return found


def _write_report(path: Path, found: GateReport, settings: Settings) -> None:
    from models.promotion.report import promotion_report
    from models.training.report import write_report

    if found.comparison is None:
        raise UserError("expected a champion to compare with in a report, found none. Leave out --report")
    write_report(path, promotion_report(found.comparison, found.resampled, found.gates, settings.gates.confidence))
    err.print(f"Report: {path}", soft_wrap=True)


def _expect_reason(force: bool, reason: str) -> None:
    if force and not reason:
        raise UserError("expected a --reason with --force, got none. Set the reason that the audit log records")


def _report(entry: AuditEntry, gates: Sequence[Gate], *, broker: Broker | None, no_wait: bool, as_json: bool) -> None:
    """Show a decision and its effect on the job."""
    refused = entry.outcome == "refused"
    shards = None if refused or no_wait or broker is None else _await_shards(broker, entry)
    after = entry.after
    challenger = f", challenger is v{after.challenger}" if after.challenger is not None else ""
    effect: list[str | Text] = [
        Text.assemble((f"Champion is v{after.champion}", "green"), f"{challenger} (decision {entry.decision_id})"),
        _effect(broker, shards, no_wait=no_wait),
    ]
    show(
        {**asdict(entry), "shards": None if shards is None else [shard_as_json(shard) for shard in shards]},
        *gate_tables(map(asdict, gates)),
        *([] if refused else effect),
        as_json=as_json,
    )
    if refused:
        err.print(f"[red]Refused[/]: {entry.model_id} does not pass the gates. Nothing was changed")
        raise typer.Exit(1)
    if shards is not None:
        _require_deployed(shards, as_json=as_json)


def _await_shards(broker: Broker, entry: AuditEntry) -> list[ShardReport] | None:
    """Wait for the shards; None if no job runs."""
    from fraudstream.control.model_events import await_answers
    from fraudstream.control.running_job import job_runs

    if not job_runs(broker.settings):
        return None
    with err.status("waiting for the job"):
        return await_answers(broker, entry.decision_id)


def _effect(broker: Broker | None, shards: list[ShardReport] | None, *, no_wait: bool) -> str:
    if broker is None:
        return "Not published. Run `fraudstream model redeploy` to update the job"
    published = f"Published to {broker.topics.control}"
    if no_wait:
        return f"{published}: a running job switches between two batches (`fraudstream model status`)"
    if shards is None:
        return f"{published}. No running job was found; the next job starts with it (`fraudstream submit`)"
    return f"{published}, and {sum(shard.follows for shard in shards)} of {len(shards)} shards have switched"


def _require_deployed(shards: list[ShardReport], *, as_json: bool) -> None:
    """Exit with code 1 when shards have not switched, and show them."""
    others = [shard for shard in shards if not shard.follows]
    if not others:
        return
    if not as_json:
        show(None, shard_table(others), as_json=False)
    err.print(
        "[red]Not deployed everywhere[/]: shards that refuse keep their previous models. Undo with `fraudstream model "
        "rollback`, or check again with `fraudstream model status`",
        soft_wrap=True,
    )
    raise typer.Exit(1)

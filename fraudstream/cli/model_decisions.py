from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.model_deployments import shard_as_json, show_shards
from fraudstream.cli.model_versions import Wanted
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import (
    AsJson,
    count_bar,
    err,
    out,
    printable,
    settings_of,
    stage_shower,
    write_json,
    write_table,
)
from schemas.errors import UserError

if TYPE_CHECKING:
    from fraudstream.control.model_events import ShardReport
    from fraudstream.devstack.stack import Services
    from fraudstream.lifecycle.audit_log import AuditEntry
    from fraudstream.lifecycle.gate_checks import GateReport
    from fraudstream.lifecycle.model_registry import ModelRegistry
    from fraudstream.lifecycle.promotion import Promotion
    from fraudstream.settings.settings import Settings
    from models.promotion.gates import Gate

On = Annotated[
    Path | None,
    typer.Option("--on", help="What to compare on: labelled Parquet file, or archive of the inference topic."),
]
Reason = Annotated[str, typer.Option(help="Why, for those who ask later.")]
Force = Annotated[bool, typer.Option("--force", help="Overrule gates that fail; needs --reason.")]
Report = Annotated[Path | None, typer.Option(help="HTML file to write, with charts of both models.")]
Unpublished = Annotated[
    bool, typer.Option("--no-publish", help="Change the registry alone; `model redeploy` tells the job later.")
]
Unawaited = Annotated[bool, typer.Option("--no-wait", help="Do not wait until each shard of the job has answered.")]


def check(
    context: typer.Context,
    version: Wanted,
    *,
    on: On = None,
    timezone: Timezone = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Put a model through the gates, and change nothing. Exit code 1 when one fails.

    [bold]Examples[/]

      fraudstream model check 3 --on labelled.parquet --report trial.html
    """
    settings, registry = _open(context)
    found = _try(with_timezone(settings, timezone), registry, version, on, report)
    if as_json:
        write_json({"passed": found.passed, "gates": [asdict(gate) for gate in found.gates]})
    else:
        _show_gates(found.gates)
    if not found.passed:
        raise typer.Exit(1)


def promote(
    context: typer.Context,
    version: Wanted,
    *,
    on: On = None,
    timezone: Timezone = None,
    reason: Reason = "",
    force: Force = False,
    report: Report = None,
    no_publish: Unpublished = False,
    no_wait: Unawaited = False,
    as_json: AsJson = False,
) -> None:
    """Make a model the champion, if it passes the gates, and let the running job score with it.

    The first champion has nothing to be compared with. Exit code 1 when a gate fails, or a shard of the job refuses the
    model or does not answer; what was decided, refusals too, is in `model log`.

    [bold]Examples[/]

      fraudstream model promote 3 --on labelled.parquet --reason "recall on gift cards" --report promotion.html
      fraudstream model promote challenger --on artifacts/inference
      fraudstream model promote 2 --force --reason "incident 4711: the champion times out"
    """
    settings, registry = _open(context)
    _expect_reason(force, reason)
    services = None if no_publish else _services(settings)
    found = _try(with_timezone(settings, timezone), registry, version, on, report, may_lack=force)
    entry = _promotion(settings, registry, services).promote(found, reason=reason, force=force)
    _tell(settings, entry, found.gates, services=services, no_wait=no_wait, as_json=as_json)


def shadow(
    context: typer.Context,
    version: Wanted,
    *,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the customers that it decides for; 0: it is compared alone.")
    ] = 0.0,
    reason: Reason = "",
    force: Force = False,
    no_publish: Unpublished = False,
    no_wait: Unawaited = False,
    as_json: AsJson = False,
) -> None:
    """Let a model score beside the champion, if its certificate and its latency hold.

    Exit code 1 when they do not, or a shard of the job refuses the model or does not answer.

    [bold]Examples[/]

      fraudstream model shadow 3
      fraudstream model shadow 3 --share 0.1 --reason "A/B"
    """
    from fraudstream.lifecycle.gate_checks import check_gates

    settings, registry = _open(context)
    _expect_reason(force, reason)
    services = None if no_publish else _services(settings)
    found = check_gates(registry, registry.find(version), settings)
    entry = _promotion(settings, registry, services).shadow(found, share=share, reason=reason, force=force)
    _tell(settings, entry, found.gates, services=services, no_wait=no_wait, as_json=as_json)


def rollback(
    context: typer.Context,
    *,
    reason: Reason = "",
    no_publish: Unpublished = False,
    no_wait: Unawaited = False,
    as_json: AsJson = False,
) -> None:
    """Undo the newest promotion or shadow that is not undone yet; again for the one before it.

    Exit code 1 also when a shard of the job refuses, or does not answer.

    [bold]Examples[/]

      fraudstream model rollback --reason "alerts doubled"
    """
    settings, registry = _open(context)
    services = None if no_publish else _services(settings)
    entry = _promotion(settings, registry, services).rollback(reason=reason)
    _tell(settings, entry, (), services=services, no_wait=no_wait, as_json=as_json)


def redeploy(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Tell the job once more which models are to score: after --no-publish, or on a new broker.

    [bold]Examples[/]

      fraudstream model redeploy
    """
    settings, registry = _open(context)
    deployment = _promotion(settings, registry, _services(settings)).publish()
    if as_json:
        write_json(asdict(deployment))
    else:
        out.print(f"{settings.topics.control}: champion {deployment.champion.model_id}", soft_wrap=True)


def _open(context: typer.Context) -> tuple[Settings, ModelRegistry]:
    from fraudstream.lifecycle.model_registry import ModelRegistry

    settings = settings_of(context)
    with err.status("opening the registry"):
        return settings, ModelRegistry(settings)


def _services(settings: Settings) -> Services:
    """Find the broker; the job that reads it may come later."""
    from fraudstream.devstack.stack import Services
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.system.failures import NotReady

    try:
        broker = Broker.of(settings)
        require_topics(broker, settings.topics.control)
    except NotReady as error:
        raise NotReady(
            f"{error}. Or change the registry alone (--no-publish), then `fraudstream model redeploy`"
        ) from None
    return Services(bootstrap_servers=broker.bootstrap_servers, rest_url=settings.flink.rest_url or "")


def _promotion(settings: Settings, registry: ModelRegistry, services: Services | None) -> Promotion:
    from fraudstream.lifecycle.decision_notice import tell_decision
    from fraudstream.lifecycle.promotion import Promotion

    def told(entry: AuditEntry) -> None:
        tell_decision(settings, entry, lambda text: err.print(f"[yellow]{printable(text)}[/]"))

    return Promotion(settings, registry, services, on_decision=told)


def _try(
    settings: Settings,
    registry: ModelRegistry,
    wanted: str,
    on: Path | None,
    report: Path | None,
    *,
    may_lack: bool = False,
) -> GateReport:
    from fraudstream.lifecycle.gate_checks import check_gates_against

    with count_bar("comparing", None) as bar:
        found = check_gates_against(registry, registry.find(wanted), on, settings, stage_shower(bar), may_lack=may_lack)
    if report is not None:
        _write_report(report, found, settings)
    return found


def _write_report(path: Path, trial: GateReport, settings: Settings) -> None:
    from models.promotion.report import promotion_report
    from models.training.report import write_report

    if trial.comparison is None:
        raise UserError("expected a champion to compare with in a report, was none: leave out --report")
    write_report(path, promotion_report(trial.comparison, trial.resampled, trial.gates, settings.gates.confidence))
    err.print(f"Report: {path}", soft_wrap=True)


def _expect_reason(force: bool, reason: str) -> None:
    if force and not reason:
        raise UserError(
            "expected a --reason with --force, was none: it is what those find who ask why gates were overruled"
        )


def _tell(
    settings: Settings,
    entry: AuditEntry,
    gates: Sequence[Gate],
    *,
    services: Services | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Tell what was decided, and what the job makes of it."""
    refused = entry.outcome == "refused"
    told = None if refused or no_wait or services is None else _answers(settings, services, entry)
    if as_json:
        write_json({**asdict(entry), "shards": None if told is None else [shard_as_json(shard) for shard in told]})
    else:
        _show_gates(gates)
    if refused:
        err.print(f"[red]Refused[/]: {entry.model_id} does not pass the gates, so nothing was changed")
        raise typer.Exit(1)
    if not as_json:
        after = entry.after
        beside = f", v{after.challenger} beside it" if after.challenger is not None else ""
        out.print(f"[green]Champion is v{after.champion}[/]{beside} (decision {entry.decision_id})", soft_wrap=True)
        out.print(_what_the_job_knows(settings, services, told, no_wait=no_wait), soft_wrap=True)
    if told is not None:
        _judge(told, as_json=as_json)


def _answers(settings: Settings, services: Services, entry: AuditEntry) -> list[ShardReport] | None:
    """Wait for the shards; None where no job runs."""
    from fraudstream.control.model_events import await_answers
    from fraudstream.control.running_job import job_runs

    if not job_runs(settings):
        return None
    with err.status("waiting for the job"):
        return await_answers(services.broker(settings), entry.decision_id)


def _what_the_job_knows(
    settings: Settings, services: Services | None, told: list[ShardReport] | None, *, no_wait: bool
) -> str:
    if services is None:
        return "No job was told: `fraudstream model redeploy` does that"
    written = f"Written to {settings.topics.control}"
    if no_wait:
        return f"{written}: a running job changes between two batches (`fraudstream model status`)"
    if told is None:
        return f"{written}. No job was found running: one that is started begins with it (`fraudstream submit`)"
    return f"{written}, and {sum(shard.follows for shard in told)} of {len(told)} shards follow it"


def _judge(told: list[ShardReport], *, as_json: bool) -> None:
    """Show who does not follow, and end with exit code 1 then."""
    others = [shard for shard in told if not shard.follows]
    if not others:
        return
    if not as_json:
        show_shards(others)
    err.print(
        "[red]Not served everywhere[/]: shards that refuse go on with what they had. `fraudstream model rollback` goes "
        "back, `fraudstream model status` asks again",
        soft_wrap=True,
    )
    raise typer.Exit(1)


def _show_gates(gates: Sequence[Gate]) -> None:
    if gates:
        rows = [(gate.name, "passed" if gate.passed else "FAILED", gate.expected, gate.was) for gate in gates]
        write_table(("gate", "", "expected", "was"), rows)

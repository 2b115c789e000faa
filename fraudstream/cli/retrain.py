"""Command `retrain`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.cli.gate_table import gate_tables
from fraudstream.cli.path_parameter import path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, count_bar, err, settings_of, show, stage_shower, warn

if TYPE_CHECKING:
    from fraudstream.kafka.broker import Broker
    from fraudstream.lifecycle.audit_log import AuditEntry
    from fraudstream.lifecycle.retraining import Retrained
    from fraudstream.settings.settings import Settings


def retrain(
    context: typer.Context,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Retrain once now. Exit code 1 unless the model is promoted.")
    ] = False,
    history: Annotated[
        Path | None,
        path_option(help="Labelled Parquet file of transactions older than the topics; overrides retrain.history."),
    ] = None,
    timezone: Timezone = None,
    reason: Annotated[str, typer.Option(help="Reason, recorded in the audit log; with --once.")] = "asked for",
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Fraction of customers sampled for error drift, by a stable hash.")
    ] = 1.0,
    no_publish: Annotated[
        bool,
        typer.Option(
            "--no-publish", help="Change the registry only, from --history and without a broker; with --once."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Retrain on the newest mature transactions, run the model in shadow mode, and promote it if the gates pass.

    Without --once, the command runs until Ctrl-C: it retrains after a drift, including error drift, once
    retrain.collect_days after it are mature, or every retrain.every_days.

    [bold]Examples[/]

      fraudstream retrain
      fraudstream retrain --once --reason "new merchants"
      fraudstream retrain --once --history labelled.parquet --no-publish
    """
    settings = with_timezone(settings_of(context), timezone)
    if history is not None:
        plan = settings.retrain.model_copy(update={"history": history})
        settings = settings.model_copy(update={"retrain": plan})
    if not once:
        _follow(settings, share=share, as_json=as_json)
        return
    found = _retrain(settings, None if no_publish else _broker(settings), reason)
    _show(found, as_json=as_json)
    if found.end not in {"promoted", "unchanged"}:
        raise typer.Exit(1)


def _follow(settings: Settings, *, share: float, as_json: bool) -> None:
    import logging
    import time

    from fraudstream.lifecycle.retrain_schedule import RetrainSchedule
    from fraudstream.lifecycle.retrain_trigger import RetrainTrigger

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    broker = _broker(settings)

    def retrain_for(why: str) -> Retrained:
        found = _retrain(settings, broker, why)
        _show(found, as_json=as_json)
        return found

    schedule = RetrainSchedule(settings.retrain, settings.state.models / "retraining" / "schedule.json", time.time())

    def seen(record: dict[str, Any]) -> None:
        until = schedule.waiting_for
        err.print(
            f"Drift of {record['signal']} at {record['event_time']:%Y-%m-%d %H:%M} UTC: retraining starts once labels "
            f"are mature up to {until:%Y-%m-%d %H:%M}",
            soft_wrap=True,
        )

    err.print("Waiting for a drift until Ctrl-C")
    RetrainTrigger(broker, schedule, retrain_for, share=share, on_drift=seen).run()


def _broker(settings: Settings) -> Broker:
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.retention import report_retention, retrain_needs
    from fraudstream.kafka.topics import require_topics

    broker, topics = Broker.of(settings), settings.topics
    require_topics(
        broker, topics.control, topics.drift, topics.scores, topics.labels, topics.shadow, topics.model_events
    )
    report_retention(broker, retrain_needs(settings), lambda line: err.print(line, soft_wrap=True, markup=False))
    return broker


def _retrain(settings: Settings, broker: Broker | None, reason: str) -> Retrained:
    from fraudstream.lifecycle.decision_notice import notify_decision
    from fraudstream.lifecycle.model_registry import ModelRegistry
    from fraudstream.lifecycle.retraining import Retraining

    def notify(entry: AuditEntry) -> None:
        notify_decision(settings, entry, warn)

    with count_bar("opening the registry", None) as bar:
        registry = ModelRegistry(settings)
        return Retraining(settings, registry, broker, on_decision=notify, progress=stage_shower(bar)).run(reason)


def _show(found: Retrained, *, as_json: bool) -> None:
    text = (
        f"{found.model_id} (v{found.version}), {found.rows:,} transactions up to {found.until:%Y-%m-%d %H:%M} UTC, "
        f"{found.frauds:,} frauds: {found.end}, in {found.seconds:.0f} s"
    )
    show(asdict(found), *gate_tables(found.gates), text, as_json=as_json)

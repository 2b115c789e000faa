"""Command `monitor`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from fraudstream.system.failures import RuntimeFailure
from fraudstream.terminal import AsJson, err, printable, settings_of, show

if TYPE_CHECKING:
    from fraudstream.readers.label_watch import LabelWatch
    from models.monitoring.label_monitor import LabelMonitor, Matured


def monitor(
    context: typer.Context,
    *,
    horizon_days: Annotated[float, typer.Option(min=0, help="Age in days at which a label counts as final.")] = 14,
    capacity: Annotated[
        int, typer.Option(min=1, help="Maximum number of transactions without a final label, about 500 bytes each.")
    ] = 1_000_000,
    share: Annotated[float, typer.Option(min=0, max=1, help="Fraction of customers sampled, by a stable hash.")] = 1.0,
    cards: Annotated[int, typer.Option(min=1, help="k of Card Precision@k: cards checked per day.")] = 100,
    interval_s: Annotated[float, typer.Option("--interval", min=0.1, help="Polling interval in seconds.")] = 5,
    error_drift: Annotated[
        bool, typer.Option("--error-drift", help="Monitor the error of each known model, and write drift events.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop at the current end of the topics.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure precision, recall and Card Precision@k of each model on mature labels, until Ctrl-C.

    Scores and labels are joined by transaction, from the first record of each topic. With --json each interval
    writes one JSON object per line.

    [bold]Examples[/]

      fraudstream monitor
      fraudstream monitor --horizon-days 10 --share 0.05 --error-drift
      fraudstream monitor --once --json | jq .models
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.retention import monitor_needs, report_retention
    from fraudstream.kafka.topics import require_topics
    from fraudstream.lifecycle.error_drift import error_drift as watch_error
    from fraudstream.readers.label_watch import LabelWatch
    from models.monitoring.label_monitor import LabelMonitor
    from schemas.durations import DAY_MS

    settings = settings_of(context)
    broker = Broker.of(settings)
    require_topics(broker, settings.topics.scores, settings.topics.labels)
    needs = monitor_needs(settings, horizon_days)
    report_retention(broker, needs, lambda line: err.print(line, soft_wrap=True, markup=False))
    with watch_error(broker) if error_drift else nullcontext(_pass_over) as on_matured:
        labels = LabelMonitor(
            horizon_ms=round(horizon_days * DAY_MS), capacity=capacity, k=cards, on_matured=on_matured
        )
        with LabelWatch(broker, labels, share=share) as watch:
            if as_json:
                for _ in _intervals(watch, interval_s, once=once):
                    show(_state(labels, watch), as_json=True)
            else:
                with Live(_table(labels, watch), console=err, auto_refresh=False) as live:
                    for _ in _intervals(watch, interval_s, once=once):
                        live.update(_table(labels, watch), refresh=True)


def _pass_over(_matured: Matured) -> None:
    """Ignore matured transactions, without --error-drift."""


def _intervals(watch: LabelWatch, interval_s: float, *, once: bool) -> Iterator[None]:
    """Yield after each interval, and again at the end."""
    done = False
    while not done:
        deadline = time.monotonic() + interval_s
        while not done and time.monotonic() < deadline:
            time.sleep(0.05)
            done = once and watch.caught_up
            if not watch.running:
                raise RuntimeFailure("expected to read the topics until Ctrl-C, got a failure. See the log above")
        yield


def _state(labels: LabelMonitor, watch: LabelWatch) -> dict[str, Any]:
    return {
        "models": [asdict(figures) for figures in labels.figures()],
        "waiting": labels.waiting,
        "dropped": labels.dropped,
        "labels_dropped": labels.labels_dropped,
        "read": watch.read,
        "undecodable": watch.undecodable,
    }


def _table(labels: LabelMonitor, watch: LabelWatch) -> Table:
    counts = f"{watch.read:,} records read, {labels.waiting:,} transactions not mature, {labels.dropped:,} given up"
    table = Table(box=None, pad_edge=False, header_style="bold", caption=counts, caption_justify="left")
    for name in ("model", "matured", "unlabelled", "alerts", "frauds", "precision", "recall", "card precision"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for item in labels.figures():
        counted = (f"{count:,}" for count in (item.matured, item.unlabelled, item.alerts, item.frauds))
        rates = (f"{rate:.3f}" for rate in (item.precision, item.recall, item.card_precision))
        table.add_row(printable(item.model_id), *counted, *rates)
    return table

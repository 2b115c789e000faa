"""A stream of labelled transactions, with its alerts on the screen."""

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from rich.live import Live
from rich.table import Table

from fraudstream.devstack.stack import Services
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_reader import await_records
from fraudstream.readers.alert_watch import AlertWatch
from fraudstream.readers.latency import measure_latency
from fraudstream.terminal import err, out
from producers.replay_with_labels import replay_with_labels
from schemas.currency import amount_text

RATE = 3_000.0
SHOWN = 12
SCORED_WITHIN_S = 120.0

Name = tuple[str, str]
"""customer_id and transaction_id."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Summary of a stream.

    Attributes
    ----------
    transactions : int
        All that were sent.
    alerts, precision, recall
        Of the transactions whose alerts were shown.
    """

    transactions: int
    alerts: int
    precision: float
    recall: float
    events_per_s: float
    p50_ms: float
    p99_ms: float


def show_stream(services: Services, table: pa.Table, *, shown_from: int = 0) -> Summary:
    """Send transactions and labels at RATE while the alerts come, and compare the alerts with the labels.

    Parameters
    ----------
    services : Services
        With the job running.
    table : pyarrow.Table of LABELLED_ARROW
        In the order of event times, with the declared columns.
    shown_from : int
        Row from which on alerts are shown and counted; those before it are sent as the past of the others.

    Raises
    ------
    RuntimeFailure
        The job does not score them all within SCORED_WITHIN_S.
    """
    broker, settings = services.broker, services.settings
    truths = _truths(table.slice(shown_from))
    screen = _AlertScreen(truths)
    with Live(screen, console=err, refresh_per_second=5) as live:
        with AlertWatch(broker, screen.add) as watch:
            with broker.publisher() as publisher:
                start = time.monotonic()
                replay_with_labels(
                    table, publisher, settings.topics.transactions, settings.topics.labels, registry_of(settings),
                    rate=RATE, on_progress=screen.sent, declaration=settings.declaration,
                )  # fmt: skip
            await_records(broker, settings.topics.scores, len(table), seconds=SCORED_WITHIN_S)
            seconds = time.monotonic() - start
            watch.catch_up()
        live.refresh()
    alerted = watch.seen_at_ms.keys() & truths.keys()
    found, frauds = sum(truths[name] for name in alerted), sum(truths.values())
    latency = measure_latency(broker, watch.seen_at_ms)
    return Summary(
        transactions=len(table),
        alerts=len(alerted),
        precision=found / max(1, len(alerted)),
        recall=found / max(1, frauds),
        events_per_s=len(table) / seconds,
        p50_ms=latency.p50_ms,
        p99_ms=latency.p99_ms,
    )


def show_summary(summary: Summary) -> None:
    """Show what the alerts of a stream found, and how soon they came."""
    table = Table(box=None, show_header=False)
    for name, value in (
        ("transactions scored", f"{summary.transactions:,}"),
        ("alerts", f"{summary.alerts:,}"),
        ("precision: alerts that are frauds", f"{summary.precision:.2f}"),
        ("recall: frauds that were alerted", f"{summary.recall:.2f}"),
        ("publish to alert", f"p50 {summary.p50_ms:.0f} ms, p99 {summary.p99_ms:.0f} ms"),
    ):
        table.add_row(name, value)
    out.print(table)


def _truths(table: pa.Table) -> dict[Name, bool]:
    """Return whether each transaction is known to be a fraud."""
    columns = (table[name].to_pylist() for name in ("customer_id", "transaction_id", "is_fraud"))
    return {(customer, transaction): bool(is_fraud) for customer, transaction, is_fraud in zip(*columns, strict=True)}


class _AlertScreen:
    """Live table of the newest alerts with counts."""

    def __init__(self, truths: dict[Name, bool]) -> None:
        self._truths = truths
        self._rows: deque[tuple[dict[str, Any], bool]] = deque(maxlen=SHOWN)
        self._alerts = 0
        self._sent = 0

    def add(self, alert: dict[str, Any]) -> None:
        truth = self._truths.get((alert["customer_id"], alert["transaction_id"]))
        if truth is not None:
            self._alerts += 1
            self._rows.append((alert, truth))

    def sent(self, count: int) -> None:
        self._sent = count

    def __rich__(self) -> Table:
        table = Table(title=f"{self._sent:,} sent, {self._alerts:,} alerts", title_justify="left", box=None)
        for heading in ("customer", "amount", "score", "decision", "why", "truth"):
            table.add_column(heading, justify="right" if heading in {"amount", "score"} else "left")
        for alert, is_fraud in tuple(self._rows):
            table.add_row(
                alert["customer_id"],
                amount_text(alert["amount_minor"], alert["currency"]),
                f"{alert['score']:.3f}",
                alert["decision"],
                ", ".join(reason["code"] for reason in alert["reasons"]),
                "[red]fraud[/]" if is_fraud else "[dim]genuine[/]",
            )
        return table

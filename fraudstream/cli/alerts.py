"""Command `alerts tail`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from fraudstream.terminal import AsJson, printable, settings_of, show
from schemas.currency import amount_text

app = typer.Typer(help="Follow the alerts.", no_args_is_help=True)


@app.command()
def tail(
    context: typer.Context,
    *,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Minimum score.")] = 0.0,
    limit: Annotated[int | None, typer.Option(min=1, help="Number of alerts to stop after.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds without an alert to stop after.")] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Start with the oldest alert.")] = False,
    as_json: AsJson = False,
) -> None:
    """Follow the alerts until Ctrl-C, --limit or --timeout.

    [bold]Examples[/]

      fraudstream alerts tail
      fraudstream alerts tail --min-score 0.9 --limit 10 --from-start
      fraudstream alerts tail --json --timeout 5 | jq .reasons
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.readers.alerts import read_alerts
    from fraudstream.readers.reason_summary import summarized

    settings = settings_of(context)
    broker = Broker.of(settings)
    require_topics(broker, settings.topics.alerts)
    found = read_alerts(broker, min_score=min_score, limit=limit, timeout_s=timeout, from_start=from_start)
    for alert in found:
        show(summarized(alert), Text.from_markup(line(alert)), as_json=as_json)


def line(alert: dict[str, Any]) -> str:
    """Return an alert as one line of markup: time, decision, score, customer, amount, reasons."""
    colour = "red" if alert["decision"] == "BLOCK" else "yellow"
    why = "; ".join(reason_words(reason, alert["currency"], alert.get("features")) for reason in alert["reasons"][:3])
    amount = amount_text(alert["amount_minor"], alert["currency"])
    what = escape(printable(f"{alert['customer_id']} at {alert['merchant_id']}  {amount}"))
    return (
        f"{alert['event_time']:%Y-%m-%d %H:%M:%S} [{colour}]{alert['decision']:6}[/] {alert['score']:.3f}  "
        f"{what}  {why}"
    )


def reason_words(reason: dict[str, Any], currency: str, features: Mapping[str, float] | None = None) -> str:
    """Return a reason in words: what happened, what is usual, and how strong it is; `--json` has its figures."""
    from fraudstream.readers.reason_summary import summarize

    found = summarize(reason, currency, features or {})
    strength = f", {found['strength']}" if found["strength"] else ""
    return escape(printable(f"{found['summary']}{strength}"))

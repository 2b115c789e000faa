from __future__ import annotations

from typing import Annotated

import typer

from fraudstream.terminal import out, settings_of


def metrics(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; nobody is asked for a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 9464,
    label_share: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the customers whose labels judge the models, as `monitor` does."),
    ] = 1.0,
    horizon_days: Annotated[
        float, typer.Option(min=0, help="A transaction is judged when it is so old, with the label it has by then.")
    ] = 14,
    cards: Annotated[int, typer.Option(min=1, help="The k of Card Precision@k: cards checked in a day.")] = 100,
) -> None:
    """Give figures to Prometheus until Ctrl-C: the topics' since its start, the job's, the lag, the models' by label.

    `fraudstream api` gives the same at its /metrics, but for the models'. To judge those, scores and labels are read
    from their oldest records on, and some 500 bytes kept of each transaction that is not old enough, of a million at
    most: a smaller `--label-share` takes less, 0 does without.

    [bold]Examples[/]

      fraudstream metrics
      fraudstream metrics --port 9500 --label-share 0.05
      curl -s http://127.0.0.1:9464/metrics | grep ^fraud_
    """
    from fraudstream.api.metrics_application import create_metrics
    from fraudstream.api.server import listen, serve
    from fraudstream.devstack.stack import find_services
    from fraudstream.kafka.topics import require_topics
    from fraudstream.observe.metrics.exporter import open_exporter
    from fraudstream.settings.server_settings import ServerSettings
    from models.monitoring.label_monitor import DAY_MS, LabelMonitor

    settings = settings_of(context)
    services = find_services(settings)
    require_topics(services.broker(settings), *settings.topics.names())
    labels = LabelMonitor(horizon_ms=round(horizon_days * DAY_MS), k=cards) if label_share else None
    own = ServerSettings(host=host, port=port)
    with listen(host, port) as opened, open_exporter(settings, services, labels, share=label_share) as registry:
        out.print(f"Metrics   http://{host}:{opened.getsockname()[1]}/metrics")
        serve(create_metrics(registry, own), opened, own)

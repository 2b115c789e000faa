"""Command `metrics`."""

from typing import Annotated

import typer

from fraudstream.terminal import out, settings_of


def metrics(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; requests need no token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free port.")] = 9464,
    label_share: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Fraction of customers sampled for model quality, by a stable hash; 0 disables it."
        ),
    ] = 1.0,
    horizon_days: Annotated[float, typer.Option(min=0, help="Age in days at which a label counts as final.")] = 14,
    cards: Annotated[int, typer.Option(min=1, help="k of Card Precision@k: cards checked per day.")] = 100,
) -> None:
    """Serve Prometheus metrics until Ctrl-C: topics, job health, consumer lag, model quality.

    `fraudstream api` serves the same at /metrics, except model quality. Model quality reads scores and labels from
    their first record, and keeps about 500 bytes per transaction without a final label, for up to a million of them:
    a smaller --label-share needs less memory.

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
    from models.monitoring.label_monitor import LabelMonitor
    from schemas.durations import DAY_MS

    settings = settings_of(context)
    services = find_services(settings)
    broker = services.broker
    require_topics(broker, *settings.topics.names())
    labels = LabelMonitor(horizon_ms=round(horizon_days * DAY_MS), k=cards) if label_share else None
    own = ServerSettings(host=host, port=port)
    with listen(host, port) as opened, open_exporter(broker, services.rest, labels, share=label_share) as registry:
        out.print(f"Metrics   http://{host}:{opened.getsockname()[1]}/metrics")
        serve(create_metrics(registry, own), opened, own)

from __future__ import annotations

from threading import Event
from typing import Annotated

import typer

from runtime.commands.screen import out, settings_of


def metrics(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; nobody is asked for a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 9464,
) -> None:
    """Give figures to Prometheus until Ctrl-C: the topics' since its start, the job's, the lag.

    `fraudstream serve` gives the same at its /metrics.

    [bold]Examples[/]

      fraudstream metrics
      fraudstream metrics --port 9500
      curl -s http://127.0.0.1:9464/metrics | grep ^fraud_
    """
    from prometheus_client import start_http_server

    from runtime.embedded import find_services
    from runtime.metrics.exporter import open_exporter
    from runtime.topics import require_topics
    from schemas.errors import UserError

    settings = settings_of(context)
    services = find_services(settings)
    require_topics(settings, services.bootstrap_servers, *settings.topics.names())
    with open_exporter(settings, services) as registry:
        try:
            server, thread = start_http_server(port, host, registry)
        except OSError as error:
            raise UserError(
                f"expected to listen on {host}:{port}, but: {error.strerror}: choose another --port"
            ) from None
        out.print(f"Metrics   http://{host}:{server.server_port}/metrics")
        try:
            Event().wait()
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

"""Command `api`."""

from typing import Annotated

import typer

from fraudstream.terminal import out, settings_of, warn


def api(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback needs tokens.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free port.")] = None,
) -> None:
    """Serve scoring over HTTP until Ctrl-C: POST /v1/score, GET /docs.

    Bearer tokens are read from FRAUDSTREAM_API__TOKENS or api.tokens_file.

    [bold]Examples[/]

      fraudstream api
      FRAUDSTREAM_API__TOKENS=$(openssl rand -hex 32) fraudstream api --host 0.0.0.0 --port 8080
    """
    from fraudstream.api.application import create_application
    from fraudstream.api.server import listen, serve
    from fraudstream.devstack.stack import find_services
    from fraudstream.kafka.topics import require_topics
    from fraudstream.observe.metrics.exporter import open_exporter
    from schemas.errors import UserError

    settings = settings_of(context, api={"host": host, "port": port})
    if not settings.job.emit_scores:
        raise UserError(
            "expected job.emit_scores to be true, got false. The API answers with the scores that the job writes"
        )
    services = find_services(settings)
    topics = settings.topics
    asked, answered = (topics.transactions, topics.queries), (topics.scores, topics.alerts, topics.features)
    broker = services.broker
    require_topics(broker, *asked, *answered)
    opened = listen(settings.api.host, settings.api.port)
    with opened, open_exporter(broker, services.rest) as registry:
        app = create_application(broker, services.rest, registry)
        out.print(f"Scoring   http://{settings.api.host}:{opened.getsockname()[1]}  (/docs, /metrics, /readyz)")
        if not app.state.access.asks_for_tokens:
            warn("no tokens: any user of this machine may send requests. Set FRAUDSTREAM_API__TOKENS to require one")
        serve(app, opened, settings.api)

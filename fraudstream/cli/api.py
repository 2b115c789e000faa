from __future__ import annotations

from typing import Annotated

import typer

from fraudstream.terminal import err, out, settings_of


def api(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; beyond loopback it needs tokens.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: a free one.")] = None,
) -> None:
    """Answer scoring requests over HTTP until Ctrl-C: POST /v1/score, GET /docs.

    The tokens that it asks for are those of FRAUDSTREAM_API__TOKENS or of api.tokens_file.

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
        raise UserError("expected job.emit_scores, was false: the API answers with the scores that the job writes")
    services = find_services(settings)
    topics = settings.topics
    asked, answered = (topics.transactions, topics.queries), (topics.scores, topics.alerts, topics.features)
    require_topics(services.broker(settings), *asked, *answered)
    opened = listen(settings.api.host, settings.api.port)
    with opened, open_exporter(settings, services) as registry:
        app = create_application(settings, services, registry)
        out.print(f"Scoring   http://{settings.api.host}:{opened.getsockname()[1]}  (/docs, /metrics, /readyz)")
        if not app.state.access.asks_for_tokens:
            err.print("[yellow]No tokens[/]: whoever is on this machine may ask. Set FRAUDSTREAM_API__TOKENS for more.")
        serve(app, opened, settings.api)

"""Command `console`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.terminal import out, settings_of, warn

if TYPE_CHECKING:
    from fraudstream.devstack.stack import Services


def console(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback needs tokens.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free port.")] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Start a broker, a cluster, the job and simulated transactions.")
    ] = False,
) -> None:
    """Serve the reviewers' page until Ctrl-C: alerts, stream and job.

    Bearer tokens are read from FRAUDSTREAM_CONSOLE__TOKENS or console.tokens_file.

    [bold]Examples[/]

      fraudstream console
      fraudstream console --simulate
      FRAUDSTREAM_CONSOLE__TOKENS=$(openssl rand -hex 32) fraudstream console --host 0.0.0.0
    """
    from fraudstream.devstack.stack import find_services

    settings = settings_of(context, console={"host": host, "port": port})
    if not simulate:
        _show(find_services(settings))
        return
    from fraudstream.demos.live_demo import live_demo

    with live_demo(settings) as services:
        _show(services)


def _show(services: Services) -> None:
    from fraudstream.api.server import listen, serve
    from fraudstream.console.application import create_console
    from fraudstream.kafka.topics import require_topics

    broker = services.broker
    require_topics(broker, *services.settings.topics.names())
    app = create_console(broker, services.rest)
    own = services.settings.console
    with listen(own.host, own.port) as opened:
        out.print(f"Console   http://{own.host}:{opened.getsockname()[1]}")
        if not app.state.access.asks_for_tokens:
            warn("no tokens: any user of this machine may review. Set FRAUDSTREAM_CONSOLE__TOKENS to require one")
        serve(app, opened, own)

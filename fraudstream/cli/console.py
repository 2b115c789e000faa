from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.terminal import err, out, settings_of

if TYPE_CHECKING:
    from fraudstream.devstack.stack import Services
    from fraudstream.settings.settings import Settings


def console(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; beyond loopback it needs tokens.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: a free one.")] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Start broker, cluster, job and simulated transactions too.")
    ] = False,
) -> None:
    """Show reviewers the alerts, the stream and the job on a page, until Ctrl-C.

    The tokens that it asks for are those of FRAUDSTREAM_CONSOLE__TOKENS or of console.tokens_file.

    [bold]Examples[/]

      fraudstream console
      fraudstream console --simulate
      FRAUDSTREAM_CONSOLE__TOKENS=$(openssl rand -hex 32) fraudstream console --host 0.0.0.0
    """
    from fraudstream.devstack.stack import find_services

    settings = settings_of(context, console={"host": host, "port": port})
    if not simulate:
        _show(settings, find_services(settings))
        return
    from fraudstream.demos.live_demo import live_demo

    with live_demo(settings) as (demo, services):
        _show(demo, services)


def _show(settings: Settings, services: Services) -> None:
    from fraudstream.api.server import listen, serve
    from fraudstream.console.application import create_console
    from fraudstream.kafka.topics import require_topics

    require_topics(services.broker(settings), *settings.topics.names())
    app = create_console(settings, services)
    own = settings.console
    with listen(own.host, own.port) as opened:
        out.print(f"Console   http://{own.host}:{opened.getsockname()[1]}")
        if not app.state.access.asks_for_tokens:
            err.print("[yellow]No tokens[/]: whoever is on this machine may review. Set FRAUDSTREAM_CONSOLE__TOKENS.")
        serve(app, opened, own)

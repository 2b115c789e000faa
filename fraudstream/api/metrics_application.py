"""Web application of `fraudstream metrics`."""

from fastapi import Depends, FastAPI, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from fraudstream.api.body_limit import BodyLimit
from fraudstream.api.host_name import require_loopback_name
from fraudstream.api.problem import answer_with_problems
from fraudstream.settings.server_settings import LOOPBACK_NAMES, ServerSettings

MAX_BODY_BYTES = 1_024
"""A scrape has none."""


def create_metrics(registry: CollectorRegistry, settings: ServerSettings) -> FastAPI:
    """Make the application that answers scrapes.

    It asks for no token. Where it listens on loopback, requests must name it so, as at the API and the console without
    tokens.
    """
    app = FastAPI(title="fraudstream metrics", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES, timeout_s=settings.body_timeout_s)
    answer_with_problems(app, see="docs/metrics.md")

    def check_name(request: Request) -> None:
        if settings.host in LOOPBACK_NAMES:
            require_loopback_name(request, "call it by that name, or let it listen on another --host")

    # In a thread of their own: collectors wait for Flink and the broker.
    @app.get("/metrics", dependencies=[Depends(check_name)])
    @app.get("/", dependencies=[Depends(check_name)])
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app

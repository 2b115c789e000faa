"""Web application of the console."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from fraudstream.api.access import Access
from fraudstream.api.body_limit import BodyLimit
from fraudstream.api.problem import ProblemError, answer_with_problems
from fraudstream.console import alert_routes, stream_routes
from fraudstream.console.context import open_console
from fraudstream.console.security_headers import SecurityHeaders
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.system.folders import package_file

PAGE = package_file("fraudstream.console", "page")


def create_console(broker: Broker, rest: FlinkRest) -> FastAPI:
    """Make the web application of the reviewers' page; it reaches for the broker when it starts.

    The page itself asks for no token and holds nothing; its data comes from below `/data`, which does.

    Parameters
    ----------
    broker
        Broker of the job, with the settings of the console.
    rest
        Cluster of the job.

    Raises
    ------
    UserError
        The tokens can't be read, or are missing where they are needed.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_console(broker, rest) as app.state.context:
            yield

    app = FastAPI(title="fraudstream console", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    settings = broker.settings
    app.state.settings = settings
    app.state.is_ending = lambda: False
    own = settings.console
    app.state.access = Access(own.read_tokens(), own.rate_limit, "console.rate_limit")
    app.add_middleware(BodyLimit, max_bytes=settings.api.max_body_bytes, timeout_s=own.body_timeout_s)
    app.add_middleware(SecurityHeaders)
    answer_with_problems(app, see="docs/console.md")
    app.include_router(alert_routes.router)
    app.include_router(stream_routes.router)

    @app.get("/healthz")
    async def healthz(request: Request) -> Response:
        if not request.app.state.context.reads():
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                expected="the readers of the topics to run",
                was="one that has ended",
                what_to_do="see the log, and start the console again",
            )
        return JSONResponse({"status": "ok"})

    @app.get("/")
    async def page() -> Response:
        # Read again each time: after an upgrade an old script must not meet a new server.
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/page", StaticFiles(directory=PAGE))
    return app

"""Web application of the scoring API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from fraudstream.api import feature_routes, health_routes
from fraudstream.api.access import Access
from fraudstream.api.body_limit import BodyLimit
from fraudstream.api.declared_transaction import transaction_type
from fraudstream.api.problem import answer_with_problems, openapi_of
from fraudstream.api.readiness import Readiness
from fraudstream.api.request_metrics import RequestMetrics
from fraudstream.api.score_routes import score_router
from fraudstream.api.scoring import open_job_client
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker

DESCRIPTION = """Sends card transactions to the fraudstream job and answers with its decisions.

A transaction is published to Kafka, keyed by its customer, and the job's score is matched by both their ids.
"""


def create_application(broker: Broker, rest: FlinkRest, registry: CollectorRegistry) -> FastAPI:
    """Make the web application; it reaches for the broker when it starts.

    A page that shows the same job to people may be mounted on it: what its routes need is in `app.state`
    (`settings`, `client`, `access`), and `require_access` guards them.

    Parameters
    ----------
    broker
        Broker of the job, with the settings of the API.
    rest
        Cluster of the job.
    registry
        Metrics of `/metrics`; requests are counted there too.

    Raises
    ------
    UserError
        The tokens can't be read, or are missing where they are needed.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_job_client(broker) as app.state.client:
            yield

    app = FastAPI(title="fraudstream", version="1", description=DESCRIPTION, lifespan=lifespan)
    settings = broker.settings
    app.state.settings, app.state.registry = settings, registry
    app.state.access = Access(settings.api.read_tokens(), settings.api.rate_limit)
    app.state.readiness = Readiness(broker, rest)
    app.add_middleware(BodyLimit, max_bytes=settings.api.max_body_bytes, timeout_s=settings.api.body_timeout_s)
    app.add_middleware(RequestMetrics, registry=registry)
    answer_with_problems(app)
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]
    app.include_router(score_router(transaction_type(settings.declaration)))
    app.include_router(feature_routes.router)
    app.include_router(health_routes.router)
    return app

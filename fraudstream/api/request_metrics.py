"""Metrics of requests."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fraudstream.observe.metrics.stream_metrics import LATENCY_BUCKETS_S


class RequestMetrics:
    """Counts the requests and their time, by route and status."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter("fraud_api_requests", "Requests answered.", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "fraud_api_request_duration_seconds",
            "From a request's head to its answer's.",
            ["route"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note what came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The template, not the path: that contains ids, and is arbitrary where no route matches.
                route = getattr(scope.get("route"), "path", "none")
                self._requests.labels(route, message["status"]).inc()
                self._seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, note)

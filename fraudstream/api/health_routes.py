"""Routes of liveness and readiness."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from fraudstream.api.access import require_access
from fraudstream.api.problem import ProblemError, documented

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That it is well."""

    status: str = "ok"


@router.get("/healthz", summary="Does this process live?", response_model=Health)
async def healthz() -> Health:
    """Answer; a supervisor restarts what does not."""
    return Health()


@router.get(
    "/readyz",
    summary="Would a transaction be scored now?",
    response_model=Health,
    responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
)
def readyz(request: Request) -> Health:
    """Report whether the broker, Flink and the reader of the scores are ready, for load balancers."""
    state = request.app.state
    missing = state.readiness.check(reader=state.client.reader.running).missing
    if missing:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            expected="broker, job and reader to run",
            was=f"no answer of {' and '.join(missing)}",
            what_to_do="start what is missing: see `fraudstream status`",
            headers={"Retry-After": "5"},
        )
    return Health()


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(request: Request, _access: Annotated[None, Depends(require_access)]) -> Response:
    """Return the metrics of docs/metrics.md."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)

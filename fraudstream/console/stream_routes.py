"""Routes of the stream, the job and the models."""

from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from fraudstream.api.access import require_access
from fraudstream.api.problem import ProblemError
from fraudstream.console.feed import FullError
from fraudstream.console.json_answer import as_json

router = APIRouter(prefix="/data", dependencies=[Depends(require_access)])


@router.get("/stream")
async def follow(request: Request) -> Response:
    """Stream events to a page, as server-sent events: `alerts`, `labels`, `figures`, `drifts`, `dead_letters`."""
    state = request.app.state
    try:
        events = state.context.notebook.feed.follow(state.is_ending)
    except FullError:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            expected=f"at most {state.settings.console.max_streams} open pages",
            was="more",
            what_to_do="close one; the limit is console.max_streams",
            headers={"Retry-After": "10"},
        ) from None
    # A proxy that gathers the answer would hold the events back.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.get("/figures")
async def figures(request: Request) -> Response:
    """Return rates, latency and scores of the last minutes."""
    return as_json(request.app.state.context.figures.to_dict())


@router.get("/drifts")
async def drifts(request: Request) -> Response:
    """List the newest drift events."""
    return as_json({"rows": list(request.app.state.context.notebook.drifts)})


@router.get("/dead-letters")
async def dead_letters(request: Request) -> Response:
    """List the newest dead letters."""
    return as_json({"rows": list(request.app.state.context.notebook.dead_letters)})


@router.get("/job")
def job(request: Request) -> Response:
    """Show the state of the job, its checkpoints and the cluster."""
    return as_json(request.app.state.context.health.get())


@router.get("/models")
def models(request: Request) -> Response:
    """Show which models serve, are registered, and are compared."""
    return as_json(request.app.state.context.models.get())

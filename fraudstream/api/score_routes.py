"""Routes of scoring."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from fraudstream.api.access import require_access
from fraudstream.api.deadline import DeadlineMs, deadline_s
from fraudstream.api.json_body import JsonRoute
from fraudstream.api.problem import FieldProblem, ProblemError, documented, unavailable
from fraudstream.api.score_answer import PENDING, SCORED, ScoreAnswer
from fraudstream.api.score_book import AmbiguousError, ConflictError, Entry, State
from fraudstream.api.scoring import Scoring
from fraudstream.api.sender import UnavailableError
from fraudstream.api.transaction import LIMITS, Transaction
from fraudstream.settings.api_settings import ApiSettings
from schemas.transaction_fields import MAX_TEXT_BYTES

MAX_AHEAD = timedelta(milliseconds=LIMITS.max_ahead_ms)

_REFUSALS = documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS)
_PENDING: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The deadline has passed: `decision` is the fallback, the job's own will be at `Location`",
        "model": ScoreAnswer,
        "content": {"application/json": {"example": PENDING}},
    }
}
_SCORED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The job's decision", "content": {"application/json": {"example": SCORED}}}
}


async def _score(
    transaction: Transaction, request: Request, response: Response, wanted_ms: DeadlineMs = None
) -> ScoreAnswer:
    """Send a transaction to the job and answer with its decision.

    It is counted in the customer's history, once, even if the answer is lost: the same `transaction_id` of
    the customer with the same body may be sent again, and gets the same answer. With another body it is refused with
    409.

    When the job has not answered at the deadline the answer is 202 with `decided_by` "deadline".
    """
    settings: ApiSettings = request.app.state.settings.api
    _require_near(transaction)
    seconds = deadline_s(wanted_ms, settings)
    scoring: Scoring = request.app.state.client.scoring
    try:
        entry = await scoring.score(transaction.record(), seconds)
    except ConflictError:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            expected=f"the transaction of the customer that transaction_id {transaction.transaction_id!r} was used for",
            was="another one",
            what_to_do="send a new transaction under a new id; GET /v1/scores has the earlier one's answer",
        ) from None
    except UnavailableError as error:
        raise unavailable("the transaction", error) from None
    return _answer(entry, settings, response)


async def find_score(
    transaction_id: Annotated[str, Path(max_length=MAX_TEXT_BYTES)],
    request: Request,
    response: Response,
    customer_id: Annotated[
        str | None,
        Query(max_length=MAX_TEXT_BYTES, description="Customer of the transaction; needed where several have the id."),
    ] = None,
) -> ScoreAnswer:
    """Return the decision on a transaction that was sent to this server in the last minutes."""
    scoring: Scoring = request.app.state.client.scoring
    settings: ApiSettings = request.app.state.settings.api
    try:
        entry = scoring.find(transaction_id, customer_id)
    except AmbiguousError:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            expected=f"customer_id with transaction_id {transaction_id!r}, which several customers have",
            was="none",
            what_to_do="ask again with ?customer_id=",
        ) from None
    if entry is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            expected=f"a transaction_id that was sent here in the last {settings.remembered_s:g} s",
            was=repr(transaction_id),
            what_to_do="send the transaction again: the job answers a repeated id as it did before, and counts it once",
        )
    return _answer(entry, settings, response)


def _require_near(transaction: Transaction) -> None:
    """Refuse what the job would set aside: it would never be answered."""
    latest = datetime.now(UTC) + MAX_AHEAD
    if transaction.event_time > latest:
        expected, was = f"a time up to {MAX_AHEAD} ahead", transaction.event_time.isoformat()
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            expected=f"{expected} in /event_time",
            was=was,
            what_to_do="correct the sender's clock",
            errors=[FieldProblem(pointer="/event_time", expected=expected, was=was)],
        )


def _answer(entry: Entry, settings: ApiSettings, response: Response) -> ScoreAnswer:
    answer = ScoreAnswer.of(entry, settings.fallback_decision)
    if answer.status is State.PENDING:
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Retry-After"] = "1"
        response.headers["Location"] = _location(entry)
    return answer


def _location(entry: Entry) -> str:
    return f"/v1/scores/{quote(entry.transaction_id, safe='')}?customer_id={quote(entry.customer_id, safe='')}"


def score_router(kind: type[Transaction]) -> APIRouter:
    """Return the routes of scoring for a deployment's transactions."""
    routes = APIRouter(prefix="/v1", tags=["scores"], dependencies=[Depends(require_access)], route_class=JsonRoute)

    async def score(
        transaction: kind,  # type: ignore[valid-type]
        request: Request,
        response: Response,
        wanted_ms: DeadlineMs = None,
    ) -> ScoreAnswer:
        return await _score(transaction, request, response, wanted_ms)

    score.__doc__ = _score.__doc__
    routes.post(
        "/score",
        summary="Score a transaction",
        response_model=ScoreAnswer,
        responses={
            **_SCORED,
            **_PENDING,
            **_REFUSALS,
            **documented(HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE),
        },
    )(score)
    routes.get(
        "/scores/{transaction_id:path}",
        summary="Ask again for a decision",
        response_model=ScoreAnswer,
        responses={**_SCORED, **_PENDING, **_REFUSALS, **documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)},
    )(find_score)
    return routes


router = score_router(Transaction)

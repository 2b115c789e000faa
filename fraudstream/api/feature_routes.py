"""Routes of feature queries."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from fraudstream.api.access import require_access
from fraudstream.api.deadline import DeadlineMs, deadline_s
from fraudstream.api.problem import ProblemError, documented, unavailable
from fraudstream.api.sender import UnavailableError
from fraudstream.api.transaction import EPOCH, LIMITS, MILLISECOND, CheckedTransaction, CustomerId, Id, Text
from fraudstream.settings.api_settings import ApiSettings

router = APIRouter(prefix="/v1", tags=["features"], dependencies=[Depends(require_access)])

EXAMPLE = {
    "customer_id": "c-00480",
    "as_of": "2026-11-25T09:30:00.250Z",
    "answered_at": "2026-11-25T09:30:00.291Z",
    "feature_spec_hash": "5b1c6f0e2a7d9c34",
    "features": {"amount": 14.58, "count_24h": 3.0, "since_last_s": 5400.0, "distance_km": -1.0},
}


class Hypothetical(CheckedTransaction):
    """The transaction whose features are asked for; what is left out is as unusual as it can be: never seen before."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    merchant_id: Id = "unknown"
    merchant_category: Text = "unknown"
    transaction_type: Text = "unknown"
    amount_minor: Annotated[int, Field(ge=0, le=LIMITS.greatest_max_amount_minor)] = 0
    """in the currency's minor unit (cents)"""
    currency: Text = "EUR"
    device_id: Text | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None


class FeaturesAnswer(BaseModel):
    """Features with which the job would score a transaction now."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    customer_id: str
    as_of: datetime
    """event time of the hypothetical transaction: when the question came"""
    answered_at: datetime
    feature_spec_hash: str
    """the feature table that they are of"""
    features: dict[str, float]
    """by name"""


@router.get(
    "/customers/{customer_id:path}/features",
    summary="A customer's features now",
    response_model=FeaturesAnswer,
    responses={
        200: {"description": "Of the job's own state", "content": {"application/json": {"example": EXAMPLE}}},
        **documented(
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.SERVICE_UNAVAILABLE,
            HTTPStatus.GATEWAY_TIMEOUT,
        ),
    },
)
async def features(
    customer_id: Annotated[CustomerId, Path()],
    transaction: Annotated[Hypothetical, Query()],
    request: Request,
    wanted_ms: DeadlineMs = None,
) -> FeaturesAnswer:
    """Ask the job which features a transaction of this customer would have if it came now; it counts nowhere.

    The operator that owns the customer answers from its state: no second copy of it is kept. A customer that it does
    not know has the features of a first transaction.
    """
    settings: ApiSettings = request.app.state.settings.api
    seconds = deadline_s(wanted_ms, settings)
    record: dict[str, Any] = {
        **dict(transaction),
        "customer_id": customer_id,
        "event_time": (datetime.now(UTC) - EPOCH) // MILLISECOND,
    }
    try:
        answer = await request.app.state.client.queries.ask(record, seconds)
    except UnavailableError as error:
        raise unavailable("the query", error) from None
    if answer is None:
        raise ProblemError(
            HTTPStatus.GATEWAY_TIMEOUT,
            expected=f"the job's answer within {seconds:g} s",
            was="none",
            what_to_do="ask again; /readyz says whether the job runs",
        )
    return FeaturesAnswer(
        customer_id=answer["customer_id"],
        as_of=answer["event_time"],
        answered_at=answer["answered_at"],
        feature_spec_hash=answer["feature_spec_hash"],
        features=answer["features"],
    )

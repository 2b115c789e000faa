"""Routes of alerts, reviews and snoozes."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from confluent_kafka import KafkaException
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from fraudstream.api.access import require_access
from fraudstream.api.json_body import JsonRoute
from fraudstream.api.problem import ProblemError
from fraudstream.console.alert_book import AlertFilter, Sort, State
from fraudstream.console.context import ConsoleContext
from fraudstream.console.json_answer import as_json
from fraudstream.console.reviews import UndeliveredError
from fraudstream.system.failures import RuntimeFailure
from schemas.errors import UserError
from schemas.transaction_fields import MAX_TEXT_BYTES

MAX_LISTED = 500
MAX_DAYS = 90
HEADER = "X-Fraudstream-Console"

router = APIRouter(prefix="/data/alerts", dependencies=[Depends(require_access)], route_class=JsonRoute)

AlertId = Annotated[str, Path(max_length=MAX_TEXT_BYTES)]


class Review(BaseModel):
    """Disposition of an alert by a reviewer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: Literal["fraud", "genuine"] = Field(validation_alias=AliasChoices("label", "verdict"))


class SnoozeRequest(BaseModel):
    """Snooze of an alert's customer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    days: Annotated[int, Field(ge=1, le=MAX_DAYS)]


def require_own_page(own: Annotated[str | None, Header(alias=HEADER)] = None) -> None:
    """Refuse what another site's page could make a browser send: it can't set a header without being asked first."""
    if own is None:
        raise ProblemError(
            HTTPStatus.FORBIDDEN, expected=f"the header {HEADER}", was="none", what_to_do=f"send {HEADER}: 1"
        )


@router.get("")
async def list_alerts(
    request: Request,
    *,
    text: Annotated[str, Query(max_length=MAX_TEXT_BYTES)] = "",
    decision: Literal["REVIEW", "BLOCK"] | None = None,
    state: State = "all",
    min_score: Annotated[float, Query(ge=0, le=1)] = 0.0,
    sort: Sort = "newest",
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 100,
) -> Response:
    """List the alerts that match, and count them."""
    alerts = _context(request).notebook.alerts
    wanted = AlertFilter(text=text.strip(), decision=decision, state=state, min_score=min_score)
    rows, count = alerts.choose(wanted, sort, limit)
    return as_json({"rows": rows, "count": count, "kept": len(alerts)})


@router.get("/{alert_id}")
async def show_alert(alert_id: AlertId, request: Request) -> Response:
    """Show an alert whole."""
    return as_json(_found(request, alert_id))


@router.get("/{alert_id}/history")
async def show_history(alert_id: AlertId, request: Request) -> Response:
    """List the customer's transactions around the alert."""
    context, alert = _context(request), _found(request, alert_id)
    rows = await run_in_threadpool(context.history.find, alert["customer_id"], alert["scored_at"])
    labels = context.notebook.labels
    for row in rows:
        label = labels.find(row["customer_id"], row["transaction_id"])
        row["label"] = None if label is None else label.to_dict()
    return as_json({"rows": rows})


@router.post("/{alert_id}/review", dependencies=[Depends(require_own_page)])
async def review_alert(alert_id: AlertId, review: Review, request: Request) -> Response:
    """Publish the label of the alert's transaction; another one later corrects it."""
    context, alert = _context(request), _found(request, alert_id)
    label = context.reviews.label(alert, is_fraud=review.label == "fraud")
    try:
        await context.reviews.publish(label)
    except UndeliveredError as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            expected="the label to reach the broker",
            was=str(error),
            what_to_do="try again: a label that came twice counts once",
        ) from None
    context.notebook.add_labels([label])
    return as_json(label)


@router.post("/{alert_id}/snooze", dependencies=[Depends(require_own_page)])
async def snooze_customer(alert_id: AlertId, snooze: SnoozeRequest, request: Request) -> Response:
    """Snooze the reviews of the alert's customer for some days from now on; the job follows in a moment."""
    context, alert = _context(request), _found(request, alert_id)
    until = datetime.now(UTC) + timedelta(days=snooze.days)
    try:
        await run_in_threadpool(context.rules.snooze, alert["customer_id"], until, f"alert {alert_id}, in the console")
    except (UserError, RuntimeFailure, KafkaException, OSError) as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            expected="the snooze to reach the broker, and its log the disk",
            was=str(error),
            what_to_do="try again, or `fraudstream rules snooze`",
        ) from None
    return as_json({"customer_id": alert["customer_id"], "until": until})


def _context(request: Request) -> ConsoleContext:
    context: ConsoleContext = request.app.state.context
    return context


def _found(request: Request, alert_id: str) -> dict[str, Any]:
    alert = _context(request).notebook.alerts.find(alert_id)
    if alert is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            expected="the id of an alert that the console keeps",
            was=alert_id[:80],
            what_to_do="it keeps the newest, console.alerts_kept of them; "
            "`fraudstream explain ALERT_ID` finds older ones",
        )
    return alert

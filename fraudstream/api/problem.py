"""Errors as problem details (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from confluent_kafka import KafkaException
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from fraudstream.system.failures import RuntimeFailure
from schemas.errors import UserError

MEDIA_TYPE = "application/problem+json"
SHOWN_CHARACTERS = 80
"""Maximum characters of the input that an answer quotes."""
SHOWN_POINTER_CHARACTERS = 300


class FieldProblem(BaseModel):
    """Error in one field."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pointer: str
    """JSON pointer into the body, or the name of a header or parameter"""
    expected: str
    was: str


class Problem(BaseModel):
    """An answer that is no success, RFC 9457."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = "about:blank"
    title: str
    """the status in words"""
    status: int
    detail: str
    """expected and was, in one sentence"""
    expected: str
    was: str
    what_to_do: str
    errors: list[FieldProblem] = []
    """each field that is wrong, where it is a matter of fields"""


class ProblemError(Exception):
    """Ends a request with a problem.

    Parameters
    ----------
    status
        Of HTTP.
    expected, was, what_to_do
        For people.
    headers
        On top.
    errors
        By field.
    """

    def __init__(
        self,
        status: HTTPStatus,
        *,
        expected: str,
        was: str,
        what_to_do: str,
        headers: dict[str, str] | None = None,
        errors: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(f"expected {expected}, got {was}")
        self.headers = headers
        self.problem = Problem(
            title=status.phrase,
            status=status,
            detail=f"expected {expected}, got {was}: {what_to_do}",
            expected=expected,
            was=was,
            what_to_do=what_to_do,
            errors=list(errors),
        )

    def response(self) -> Response:
        """Make the answer of it."""
        body = orjson.dumps(self.problem.model_dump(exclude_defaults=True) | {"type": self.problem.type})
        return Response(body, self.problem.status, self.headers, MEDIA_TYPE)


def unavailable(what: str, error: Exception) -> ProblemError:
    """Return the problem of a record that did not reach the broker."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        expected=f"{what} to reach the broker",
        was=str(error),
        what_to_do="send it again, under the same id; /readyz says what is missing",
        headers={"Retry-After": "1"},
    )


def answer_with_problems(app: FastAPI, see: str = "/docs") -> None:
    """Answer every failure of the application with a problem; `see` is the page on its requests."""

    @app.exception_handler(ProblemError)
    def problem(_request: Request, error: ProblemError) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> Response:
        fields = [_field_problem(row) for row in error.errors()]
        return ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            expected=f"{fields[0].expected} in {fields[0].pointer or 'the body'}",
            was=fields[0].was,
            what_to_do=f"correct what `errors` lists; {see} has an example",
            errors=fields,
        ).response()

    @app.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> Response:
        if isinstance(own := getattr(error, "problem", None), ProblemError):
            return own.response()
        unreadable = error.status_code == HTTPStatus.BAD_REQUEST
        return ProblemError(
            HTTPStatus(error.status_code),
            expected="a JSON object in UTF-8" if unreadable else f"a path and a method that {see} lists",
            was="other bytes" if unreadable else f"{request.method} {request.url.path[:SHOWN_CHARACTERS]}",
            what_to_do=f"see {see}",
            headers=dict(error.headers or {}),
        ).response()

    def unready(_request: Request, error: Exception) -> Response:
        reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            expected="the broker, Flink and the registries to answer",
            was=str(reason),
            what_to_do="try again; `fraudstream status` lists what is missing",
            headers={"Retry-After": "5"},
        ).response()

    for kind in (KafkaException, RuntimeFailure, UserError):
        app.add_exception_handler(kind, unready)

    @app.exception_handler(Exception)
    def unforeseen(_request: Request, _error: Exception) -> Response:
        return ProblemError(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            expected="an answer",
            was="a mistake of this server",
            what_to_do="send it again as it was; its log has the cause",
        ).response()


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Describe problems for the OpenAPI document."""
    return {int(status): {"description": status.phrase, "model": Problem} for status in statuses}


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, in which problems have their own media type."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        operations = (operation for path in document["paths"].values() for operation in path.values())
        for operation in operations:
            for status, response in operation["responses"].items():
                if int(status) >= HTTPStatus.BAD_REQUEST:
                    response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}
    return app.openapi_schema or {}


def _field_problem(row: dict[str, Any]) -> FieldProblem:
    if row["type"] == "json_invalid":
        return FieldProblem(pointer="", expected="a JSON object", was=str(row["ctx"]["error"]))
    expected = str(row["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
    words = {
        "missing": "a value",
        "extra_forbidden": "a known name",
        "timezone_aware": "a time with its offset, as Z or +01:00",
    }
    was = "nothing" if row["type"] == "missing" else repr(row.get("input"))[:SHOWN_CHARACTERS]
    return FieldProblem(pointer=_pointer(row["loc"]), expected=words.get(row["type"], expected), was=was)


def _pointer(location: Sequence[str | int]) -> str:
    where, *path = location
    if where == "body":
        return _printable("".join(f"/{part}" for part in path))
    return _printable(str(path[0] if path else where))


def _printable(text: str) -> str:
    """Return a name as an answer can hold it: whole characters, and not thousands of them."""
    return text[:SHOWN_POINTER_CHARACTERS].encode(errors="backslashreplace").decode()

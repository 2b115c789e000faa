"""Deadline of a request."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header

from fraudstream.api.problem import FieldProblem, ProblemError
from fraudstream.settings.api_settings import ApiSettings

NAME = "X-Deadline-Ms"

DeadlineMs = Annotated[
    int | None, Header(alias=NAME, ge=1, description="How long to wait for the job, in milliseconds.")
]


def deadline_s(wanted_ms: int | None, settings: ApiSettings) -> float:
    """Return how long a request waits, in seconds; more than the settings allow is a problem."""
    if wanted_ms is not None and wanted_ms > settings.max_deadline_ms:
        expected, was = f"at most {settings.max_deadline_ms}", str(wanted_ms)
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            expected=f"{expected} in {NAME}",
            was=was,
            what_to_do="wait shorter, then ask again; the limit is api.max_deadline_ms",
            errors=[FieldProblem(pointer=NAME, expected=expected, was=was)],
        )
    return (wanted_ms or settings.deadline_ms) / 1000

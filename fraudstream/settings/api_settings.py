"""Settings of the scoring API."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from fraudstream.settings.server_settings import ServerSettings


def rate(value: str) -> str:
    """Check a rate limit, for example `1000/second`."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour)", value):
        raise ValueError("a number of requests and a time, as 1000/second or 20000/minute")
    return value


class ApiSettings(ServerSettings):
    """Scoring API: address, tokens, limits and deadlines."""

    section: ClassVar[str] = "api"

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """port to listen on; 0 picks a free port"""
    deadline_ms: Annotated[int, Field(ge=1)] = 500
    """default deadline of a request for the job's decision, in milliseconds"""
    max_deadline_ms: Annotated[int, Field(ge=1)] = 10_000
    """maximum deadline that a request may set, in milliseconds"""
    fallback_decision: Literal["REVIEW", "BLOCK"] = "REVIEW"
    """decision of a response after the deadline; never APPROVE"""
    rate_limit: Annotated[str, AfterValidator(rate)] = "2000/second"
    """rate limit per token, or per address without tokens"""
    max_body_bytes: Annotated[int, Field(ge=1)] = 16_384
    """maximum size of a request body in bytes"""
    remembered_s: Annotated[float, Field(gt=0)] = 600.0
    """retention of a response for repeated and late requests, in seconds"""
    max_remembered: Annotated[int, Field(ge=1)] = 100_000
    """maximum number of retained responses; the oldest are evicted"""
    max_waiting: Annotated[int, Field(ge=1)] = 5_000
    """maximum number of requests that wait for the job; one more is refused"""

    @model_validator(mode="after")
    def _consistent(self) -> ApiSettings:
        if self.deadline_ms > self.max_deadline_ms:
            raise ValueError("deadline_ms to be at most max_deadline_ms")
        return self

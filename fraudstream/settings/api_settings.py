from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from fraudstream.settings.server_settings import ServerSettings


def rate(value: str) -> str:
    """Check a rate, for example `1000/second`."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour)", value):
        raise ValueError("a number of requests and a time, as 1000/second or 20000/minute")
    return value


class ApiSettings(ServerSettings):
    """The scoring API: where it listens, who may ask, how much, and how long it waits for the job."""

    section: ClassVar[str] = "api"

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """port that it listens on; 0: a free one"""
    deadline_ms: Annotated[int, Field(ge=1)] = 500
    """how long a request waits for the job's decision, in milliseconds, where it does not say itself"""
    max_deadline_ms: Annotated[int, Field(ge=1)] = 10_000
    """longest that a request may ask to wait, in milliseconds"""
    fallback_decision: Literal["REVIEW", "BLOCK"] = "REVIEW"
    """decision of an answer whose deadline has passed; never APPROVE"""
    rate_limit: Annotated[str, AfterValidator(rate)] = "2000/second"
    """requests of one token, or of one address where there are no tokens"""
    max_body_bytes: Annotated[int, Field(ge=1)] = 16_384
    """largest body of a request"""
    remembered_s: Annotated[float, Field(gt=0)] = 600.0
    """how long an answer is kept for a repeated request or a late one, in seconds"""
    max_remembered: Annotated[int, Field(ge=1)] = 100_000
    """answers kept; the oldest go first"""
    max_waiting: Annotated[int, Field(ge=1)] = 5_000
    """requests that wait for the job at once; one more is refused"""

    @model_validator(mode="after")
    def _consistent(self) -> ApiSettings:
        if self.deadline_ms > self.max_deadline_ms:
            raise ValueError("deadline_ms to be at most max_deadline_ms")
        return self

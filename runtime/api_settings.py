from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from runtime.login import mistake, read_password
from runtime.section import Section
from schemas.errors import UserError

SHORTEST_TOKEN = 16
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


def _rate(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*/(second|minute|hour)", value):
        raise ValueError("a number of requests and a time, as 1000/second or 20000/minute")
    return value


class ApiSettings(Section):
    """The scoring API: where it listens, who may ask, how much, and how long it waits for the job."""

    host: str = "127.0.0.1"
    """address that it listens on; one that is not loopback needs tokens"""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """port that it listens on; 0: a free one"""
    tokens: SecretStr | None = None
    """bearer tokens, one or several by commas; only in the environment: FRAUDSTREAM_API__TOKENS"""
    tokens_file: Path | None = None
    """holds the tokens, one a line"""
    deadline_ms: Annotated[int, Field(ge=1)] = 500
    """how long a request waits for the job's decision, in milliseconds, where it does not say itself"""
    longest_deadline_ms: Annotated[int, Field(ge=1)] = 10_000
    """longest that a request may ask to wait, in milliseconds"""
    fallback_decision: Literal["REVIEW", "BLOCK"] = "REVIEW"
    """decision of an answer whose deadline has passed; never APPROVE"""
    rate_limit: Annotated[str, AfterValidator(_rate)] = "2000/second"
    """requests of one token, or of one address where there are no tokens"""
    max_body_bytes: Annotated[int, Field(ge=1)] = 16_384
    """largest body of a request"""
    remembered_s: Annotated[float, Field(gt=0)] = 600.0
    """how long an answer is kept for a repeated request or a late one, in seconds"""
    most_remembered: Annotated[int, Field(ge=1)] = 100_000
    """answers kept; the oldest go first"""
    most_waiting: Annotated[int, Field(ge=1)] = 5_000
    """requests that wait for the job at once; one more is refused"""

    @model_validator(mode="after")
    def _consistent(self) -> ApiSettings:
        if self.tokens is not None and self.tokens_file is not None:
            raise mistake("tokens once, but they are given twice: unset the variable or leave out tokens_file")
        if self.deadline_ms > self.longest_deadline_ms:
            raise ValueError("deadline_ms to be at most longest_deadline_ms")
        return self

    def read_tokens(self) -> list[str]:
        """Return the tokens; none where anyone who reaches the port may ask.

        Raises
        ------
        UserError
            The file can't be read or holds no token, a token is short, or there are none beyond loopback.
        """
        if self.tokens is None and self.tokens_file is None:
            if self.host not in LOOPBACK_NAMES:
                raise UserError(
                    f"expected bearer tokens for an API on {self.host}, but there are none: set "
                    "FRAUDSTREAM_API__TOKENS or api.tokens_file, or leave api.host at 127.0.0.1"
                )
            return []
        found = _file_tokens(self.tokens_file) if self.tokens_file else read_password(self.tokens, None).split(",")
        tokens = [token.strip() for token in found if token.strip()]
        if not tokens or min(map(len, tokens)) < SHORTEST_TOKEN:
            was = "none" if not tokens else f"one of {min(map(len, tokens))}"
            raise UserError(
                f"expected bearer tokens of at least {SHORTEST_TOKEN} characters, was {was}: "
                "make one with `openssl rand -hex 32`"
            )
        return tokens


def _file_tokens(path: Path) -> list[str]:
    try:
        return path.expanduser().read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"expected bearer tokens in {path}, but: {error}: correct api.tokens_file") from None

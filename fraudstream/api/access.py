"""Bearer tokens and rate limits."""

import hashlib
import hmac
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import parse

from fraudstream.api.host_name import require_loopback_name
from fraudstream.api.problem import ProblemError
from fraudstream.api.rate_limit import RateLimiter

bearer = HTTPBearer(auto_error=False, description="A token of FRAUDSTREAM_API__TOKENS or of api.tokens_file.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


class Access:
    """Lets in who has a token, and not too often. Kept in `app.state.access`.

    Parameters
    ----------
    tokens
        Those that are good. None: all are let in who call this machine by a name of its own, so no web page can
        reach the port by a name that it has pointed here.
    rate_limit
        For example `1000/second`, of each token or address.
    setting
        That sets the rate, for messages.
    """

    def __init__(self, tokens: Sequence[str], rate_limit: str, setting: str = "api.rate_limit") -> None:
        self._setting = setting
        self._digests = [_digest(token) for token in tokens]
        self._limit = parse(rate_limit)
        self._limiter = RateLimiter(self._limit)

    @property
    def asks_for_tokens(self) -> bool:
        """Whether a request needs one."""
        return bool(self._digests)

    def check(self, request: Request, credentials: HTTPAuthorizationCredentials | None) -> None:
        """Admit a request, or raise ProblemError."""
        who = self._holder(credentials) if self._digests else self._neighbour(request)
        if not self._limiter.hit(who):
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                expected=f"at most {self._limit} for a client",
                was="more",
                what_to_do=f"wait as Retry-After says, then send it again; the limit is {self._setting}",
                headers={"Retry-After": str(self._limit.get_expiry())},
            )

    def _holder(self, credentials: HTTPAuthorizationCredentials | None) -> str:
        """Return the index of the token: its text is passed on to nothing."""
        given = _digest(credentials.credentials if credentials else "")
        # All are compared, each in the same time wherever it differs.
        found = [index for index, digest in enumerate(self._digests) if hmac.compare_digest(given, digest)]
        if credentials is None or not found:
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                expected="Authorization: Bearer with a token of this server",
                was="none" if credentials is None else "another one",
                what_to_do="ask who runs it for a token",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return f"token {found[0]}"

    def _neighbour(self, request: Request) -> str:
        name = require_loopback_name(request, "call it by that name, or give it tokens")
        return request.client.host if request.client else name


async def require_access(request: Request, credentials: Credentials) -> None:
    """Depend on the application's Access."""
    request.app.state.access.check(request, credentials)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()

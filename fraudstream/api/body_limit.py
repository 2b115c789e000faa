"""Limits on the size and duration of request bodies."""

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fraudstream.api.problem import ProblemError

MAX_DIGITS = 18


class BodyLimit:
    """Middleware that rejects a body that is too large, before it is in memory, or too slow.

    Parameters
    ----------
    app
        Next ASGI application.
    timeout_s
        Time for a body, in seconds.
    section
        Section of the settings with both limits, for messages.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, timeout_s: float, section: str = "api") -> None:
        self._app, self._max, self._timeout_s, self._section = app, max_bytes, timeout_s, section

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 408 or 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_length(scope)
            first: Message | None = await self._read(receive)
        except ProblemError as error:
            await error.response()(scope, receive, send)
            return

        async def again() -> Message:
            nonlocal first
            given, first = first, None
            return given if given is not None else await receive()

        await self._app(scope, again, send)

    def _check_length(self, scope: Scope) -> None:
        length = dict(scope["headers"]).get(b"content-length", b"0")
        # By its digits first: Python refuses to read a number of thousands of them.
        if length.isdigit() and (len(length) > MAX_DIGITS or int(length) > self._max):
            raise self._too_large(
                f"{int(length):,}" if len(length) <= MAX_DIGITS else f"a number of {len(length):,} digits"
            )

    async def _read(self, receive: Receive) -> Message:
        """Return the whole body as one message, or that the client has gone."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                while (message := await receive())["type"] == "http.request":
                    body += message.get("body", b"")
                    if len(body) > self._max:
                        raise self._too_large("more")
                    if not message.get("more_body"):
                        return {"type": "http.request", "body": bytes(body)}
                return message
        except TimeoutError:
            raise ProblemError(
                HTTPStatus.REQUEST_TIMEOUT,
                expected=f"the whole body within {self._timeout_s:g} s",
                was=f"{len(body):,} bytes of it",
                what_to_do="send it again; the limit is body_timeout_s in the section of this server",
                headers={"Connection": "close"},
            ) from None

    def _too_large(self, was: str) -> ProblemError:
        return ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            expected=f"a body of at most {self._max:,} bytes",
            was=was,
            what_to_do=f"send fewer transactions a request; the limit is {self._section}.max_body_bytes",
            headers={"Connection": "close"},
        )

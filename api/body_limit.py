from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import ProblemError

MAX_DIGITS = 18


class BodyLimit:
    """Refuses a request whose body is too large, before it is in memory, whether it tells its length or not.

    Parameters
    ----------
    app
        What comes behind.
    most_bytes
        Of a body.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        # By its digits first: Python refuses to read a number of thousands of them.
        if told.isdigit() and (len(told) > MAX_DIGITS or int(told) > self._most):
            was = f"{int(told):,}" if len(told) <= MAX_DIGITS else f"a number of {len(told):,} digits"
            await self._refuse(scope, receive, send, was)
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._most:
                await self._refuse(scope, receive, send, "more")
                return
            if message["type"] != "http.request" or not message.get("more_body"):
                break

        first: Message | None = (
            {"type": "http.request", "body": bytes(body)} if message["type"] == "http.request" else message
        )

        async def again() -> Message:
            nonlocal first
            given, first = first, None
            return given if given is not None else await receive()

        await self._app(scope, again, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, was: str) -> None:
        problem = ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            expected=f"a body of at most {self._most:,} bytes",
            was=was,
            what_to_do="send one transaction a request; the limit is api.max_body_bytes",
            headers={"Connection": "close"},
        )
        await problem.response()(scope, receive, send)

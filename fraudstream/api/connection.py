"""Connections of a server, with limits in time and number."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
_REFUSAL = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """Limits of a server's connections, and those that no request is answered on.

    Parameters
    ----------
    max_connections
        Open at once.
    head_timeout_s
        Time for the head of a request, in seconds: from when the connection was made, or from its first byte where
        a connection is used again.
    send_timeout_s
        Time in which a client must read some of a response, in seconds.
    """

    max_connections: int
    head_timeout_s: float
    send_timeout_s: float
    waiting: dict[Connection, None] = field(default_factory=dict)
    """without a whole request, the oldest first: those make room for new ones"""

    def protocol(self, *args: Any, **kwargs: Any) -> Connection:
        """Make the protocol of a connection, as uvicorn asks for it."""
        return Connection(self, *args, **kwargs)


class Connection(HttpToolsProtocol):
    """uvicorn's connection, closed on a client that is too slow; it must not keep others out.

    The time for a body is `BodyLimit`'s, which answers with 408. A connection has its slot in `limits.waiting` until
    its request is whole, so that at the bound the oldest of those makes room: silent sockets cost other silent ones
    their slot, never a client that sends its request at once.
    """

    def __init__(self, limits: ConnectionLimits, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first head; at the bound make room, or refuse."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.max_connections:
            oldest = next(iter(self._limits.waiting), None)
            if oldest is None:
                self._refuse(b"503 Service Unavailable")
                return
            oldest.drop()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all times."""
        self._limits.waiting.pop(self, None)
        self._stop_head_timer()
        self._stop_send_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; bytes that begin no request, as empty lines, start the time for a head as well."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._head_timer is None and not self._in_body and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """Start the time for a head."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Stop it."""
        self._stop_head_timer()
        self._head_bytes, self._in_body = 0, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is whole: from now on its connection is not closed for others."""
        self._in_body = False
        self._limits.waiting.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Close a kept-alive connection to make room, and one whose client does not read the response."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._end_within_time()
        elif not self.pipeline:
            self._limits.waiting[self] = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is not used again."""
        super().timeout_keep_alive_handler()
        self._end_within_time()

    def pause_writing(self) -> None:
        """Start the time in which the client must read something."""
        super().pause_writing()
        self._end_within_time()

    def resume_writing(self) -> None:
        """Stop it."""
        self._stop_send_timer()
        super().resume_writing()

    def drop(self) -> None:
        """Close without an answer."""
        self._limits.waiting.pop(self, None)
        # Not in uvicorn's set any longer, which it leaves a moment later: more may be made until then.
        self.connections.discard(self)
        self.transport.abort()

    def _await_head(self) -> None:
        self._stop_head_timer()
        self._limits.waiting[self] = None
        self._head_timer = self.loop.call_later(self._limits.head_timeout_s, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._head_bytes:
            self._refuse(b"408 Request Timeout")
        else:
            self.drop()

    def _refuse(self, status: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_REFUSAL % status)
        self._limits.waiting.pop(self, None)
        self._stop_head_timer()
        self.transport.close()
        self._end_within_time()

    def _end_within_time(self) -> None:
        if self._send_timer is None:
            self._send_timer = self.loop.call_later(self._limits.send_timeout_s, self.transport.abort)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

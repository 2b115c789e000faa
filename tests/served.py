"""A server of the standard library that runs for the length of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from threading import Thread
from typing import TypeVar

Server = TypeVar("Server", bound=BaseServer)

POLL_S = 0.01
"""Time that a server needs at most to notice its end; half a second, its default, adds up over hundreds of tests."""


@contextmanager
def served(server: Server) -> Iterator[Server]:
    """Run a server in a thread of its own."""
    with server:
        thread = Thread(target=server.serve_forever, args=(POLL_S,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

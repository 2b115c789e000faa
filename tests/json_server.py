"""HTTP servers on loopback that answer in JSON."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from fraudstream.system.ports import LOOPBACK
from tests.json_handler import JsonHandler


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a server within a block; yields its address."""
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def json_server(body: Callable[[str], object]) -> Iterator[str]:
    """Run a server within a block that answers each path with a body; yields its address."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            self.answer(200, body(self.path))

    with serving(Handler) as url:
        yield url

"""HTTP servers on loopback that answer in JSON."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from fraudstream.system.ports import LOOPBACK
from tests.json_handler import JsonHandler
from tests.served import served


@contextmanager
def json_server(body: Callable[[str], object]) -> Iterator[str]:
    """Run a server within a block that answers each path with a body; yields its address."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            self.answer(200, body(self.path))

    with served(ThreadingHTTPServer((LOOPBACK, 0), Handler)) as server:
        yield f"http://{LOOPBACK}:{server.server_port}"

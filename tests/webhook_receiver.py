"""HTTP server that records webhooks."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from fraudstream.system.ports import LOOPBACK
from tests.json_handler import JsonHandler
from tests.served import served


class WebhookReceiver(ThreadingHTTPServer):
    """Receiver that gives the answers set by a test in turn, then accepts everything, and records the requests."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Answers)
        self.answers: list[int] = []
        self.came: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}/hook?token=s3cret"


class _Answers(JsonHandler):
    server: WebhookReceiver

    def do_POST(self) -> None:  # noqa: N802 (its name in http.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.answer(self.server.answers.pop(0) if self.server.answers else 204, {})


@contextmanager
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """Run a receiver within a block."""
    with served(WebhookReceiver()) as server:
        yield server

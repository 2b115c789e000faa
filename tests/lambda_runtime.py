"""Runtime API of AWS Lambda on loopback: gives a function its events and keeps the responses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from queue import Queue
from typing import Any

from fraudstream.system.ports import LOOPBACK
from tests.json_handler import JsonHandler
from tests.patience import PATIENCE_S
from tests.served import served

VERSION = "/2018-06-01/runtime"


@dataclass(frozen=True, kw_only=True)
class LambdaRuntime:
    """Invocations of one function.

    Parameters
    ----------
    address : str
        Value of AWS_LAMBDA_RUNTIME_API.
    """

    address: str
    events: "Queue[dict[str, Any]]" = field(default_factory=Queue)
    responses: "Queue[tuple[str, Any]]" = field(default_factory=Queue)

    def invoke(self, event: dict[str, Any]) -> tuple[str, Any]:
        """Give the function an event, and return the kind of its answer (response or error) with the answer."""
        self.events.put(event)
        return self.responses.get(timeout=PATIENCE_S)


@contextmanager
def lambda_runtime() -> Iterator[LambdaRuntime]:
    """Run the Runtime API within a block."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            content = json.dumps(runtime.events.get()).encode()
            self.send_response(200)
            for name, value in {
                "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "Lambda-Runtime-Deadline-Ms": "4102444800000",
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-2:123456789012:function:score",
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:  # noqa: N802
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
            runtime.responses.put((self.path.rpartition("/")[2], body))
            self.answer(202, {"status": "OK"})

    with served(ThreadingHTTPServer((LOOPBACK, 0), Handler)) as server:
        server.daemon_threads = True
        runtime = LambdaRuntime(address=f"{LOOPBACK}:{server.server_port}")
        yield runtime

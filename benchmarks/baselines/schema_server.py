"""Minimal schema registry for the baselines that require one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from schemas.registry import FileRegistry, UnknownSchemaError


class SchemaHandler(BaseHTTPRequestHandler):
    """Handler of `GET /schemas/ids/ID`, as of a schema registry, from the committed table of ids."""

    def do_GET(self) -> None:
        """Answer with a schema, or 404."""
        answer: dict[str, int | str]
        try:
            status, answer = 200, {"schema": FileRegistry().schema_for(int(self.path.split("?")[0].rsplit("/", 1)[1]))}
        except (ValueError, IndexError, UnknownSchemaError):
            status, answer = 404, {"error_code": 40403, "message": "Schema not found"}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving_schemas() -> Iterator[str]:
    """Serve the committed schemas on loopback for the length of a block; yields the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SchemaHandler)
    thread = threading.Thread(target=server.serve_forever, name="schemas", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

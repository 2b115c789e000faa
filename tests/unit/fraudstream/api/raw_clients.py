"""API server and clients that speak over raw sockets."""

import socket
import threading
from contextlib import ExitStack, contextmanager

from fraudstream.api.server import create_server, listen
from fraudstream.system.deadline import wait_until
from tests.patience import PATIENCE_S


@contextmanager
def running(app, settings):
    """Yield the server and its port; the lifespan, which connects to the broker, is not entered."""
    server = create_server(app, settings)
    server.config.lifespan = "off"
    opened = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
    thread.start()
    try:
        assert wait_until(lambda: server.started, seconds=PATIENCE_S, interval_s=0.02)
        yield server, opened.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE_S)
        opened.close()


def connect(stack: ExitStack, port: int, begin: bytes = b"") -> socket.socket:
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))
    client.sendall(begin)
    return client


def read_all(client: socket.socket) -> bytes:
    found = b""
    while more := client.recv(65_536):
        found += more
    return found

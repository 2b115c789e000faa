"""Clients that send or read slowly, or not at all, do not block other clients of a real server."""

import http.client
import json
import select
import socket
import threading
import time
from contextlib import ExitStack

import pytest
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry

from fraudstream.api.application import create_application
from fraudstream.api.connection import MAX_HEAD_BYTES
from fraudstream.api.metrics_application import create_metrics
from fraudstream.console.application import create_console
from fraudstream.settings.server_settings import ServerSettings
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.folders import PROJECT_ROOT
from tests.patience import PATIENCE_S
from tests.unit.fraudstream.api.conftest import CLUSTER, broker_of
from tests.unit.fraudstream.api.raw_clients import connect, read_all, running

HEAD = b"POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
METRICS_BODY = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{"
PATIENT = {"head_timeout_s": 600, "body_timeout_s": 600, "send_timeout_s": 600}


def make_api(**limits):
    settings = load_settings(api=limits)
    app = create_application(broker_of(settings), CLUSTER, CollectorRegistry())
    app.add_api_route("/large", lambda: PlainTextResponse(b"x" * 50_000_000))
    return app, settings.api


def make_metrics(**limits):
    settings = ServerSettings(port=0, **limits)
    return create_metrics(CollectorRegistry(), settings), settings


def make_console(**limits):
    settings = load_settings(console=limits)
    app = create_console(broker_of(settings), CLUSTER)
    app.add_api_route("/healthy", lambda: PlainTextResponse("ok"))
    return app, settings.console


def get(port: int, path: str = "/healthz") -> int:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        client.request("GET", path)
        return client.getresponse().status
    finally:
        client.close()


def is_closed(client: socket.socket) -> bool:
    """Return whether the server has closed; earlier answers are discarded."""
    try:
        while select.select([client], [], [], 0)[0]:
            if not client.recv(65_536):
                return True
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize(
    ("make", "path"), [(make_api, "/healthz"), (make_console, "/healthy"), (make_metrics, "/metrics")]
)
def test_silent_connections_block_no_other_client_and_are_closed(make, path):
    with running(*make(head_timeout_s=0.5)) as (server, port), ExitStack() as stack:
        silent = [connect(stack, port, b"GET / HT" if number % 2 else b"") for number in range(300)]
        assert get(port, path) == 200
        assert wait_until(lambda: all(map(is_closed, silent)), seconds=PATIENCE_S, interval_s=0.02)
        assert wait_until(lambda: not server.server_state.connections, seconds=PATIENCE_S, interval_s=0.02)
        assert get(port, path) == 200


def test_oldest_connection_without_a_whole_request_is_closed_at_the_limit():
    begun = (b"", b"GET / HTTP/1.1\r\n", HEAD + b"Content-Length: 10\r\n\r\n{")
    with running(*make_api(max_connections=20, **PATIENT)) as (server, port), ExitStack() as stack:
        slow = [connect(stack, port, begun[number % 3]) for number in range(300)]
        assert get(port) == 200
        assert wait_until(lambda: sum(map(is_closed, slow)) >= 280, seconds=PATIENCE_S, interval_s=0.02)
        assert len(server.server_state.connections) <= 20


def test_idle_keep_alive_connection_is_closed_at_the_limit():
    with running(*make_api(max_connections=3, **PATIENT)) as (_, port), ExitStack() as stack:
        kept = [connect(stack, port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") for _ in range(3)]
        assert all(client.recv(12) == b"HTTP/1.1 200" for client in kept)
        assert get(port) == 200


@pytest.mark.parametrize("dripped", [b"X-A: b\r\n", b"a"])
def test_head_sent_byte_by_byte_ends_with_408(dripped):
    with running(*make_api(head_timeout_s=0.5)) as (_, port), ExitStack() as stack:
        client = connect(stack, port, HEAD)
        assert b"408 Request Timeout" in drip(client, dripped)


@pytest.mark.parametrize("more", [b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"])
def test_endless_empty_lines_close_the_connection(more):
    with running(*make_api(head_timeout_s=0.5)) as (_, port), ExitStack() as stack:
        client = connect(stack, port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + b"\r\n")
        assert b"HTTP/1.1 200" in drip(client, b"\r\n")


@pytest.mark.parametrize(
    ("length", "dripped"),
    [(b"Content-Length: 9000\r\n\r\n", b" "), (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")],
)
def test_body_sent_byte_by_byte_ends_with_408(length, dripped):
    with running(*make_api(body_timeout_s=0.5)) as (_, port), ExitStack() as stack:
        head, _, body = drip(connect(stack, port, HEAD + length), dripped).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408")
        assert json.loads(body)["expected"] == "the whole body within 0.5 s"


def drip(client: socket.socket, dripped: bytes) -> bytes:
    """Send some bytes repeatedly until the server closes, and return its answer."""
    found, deadline = b"", time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            client.sendall(dripped)
            if select.select([client], [], [], 0.05)[0]:
                more = client.recv(65_536)
                if not more:
                    return found
                found += more
    except ConnectionError:
        return found
    raise AssertionError("expected the server to close a slow connection")


def test_endless_head_is_refused():
    with running(*make_api(**PATIENT)) as (_, port), ExitStack() as stack:
        client = connect(stack, port, HEAD)
        line = b"X-A: " + b"b" * 1_000 + b"\r\n"
        for _ in range(MAX_HEAD_BYTES // len(line)):
            client.sendall(line)
        assert b"431 Request Header Fields Too Large" in drip(client, line)


def test_answer_that_is_not_read_is_aborted():
    with running(*make_api(send_timeout_s=0.5)) as (server, port), ExitStack() as stack:
        connect(stack, port, b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert wait_until(lambda: len(server.server_state.connections) == 1, seconds=PATIENCE_S, interval_s=0.02)
        assert wait_until(lambda: not server.server_state.connections, seconds=PATIENCE_S, interval_s=0.02)


def test_requests_one_after_the_other_and_all_at_once_are_answered():
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with running(*make_api(**PATIENT)) as (_, port), ExitStack() as stack:
        client = connect(stack, port, request)
        assert client.recv(12) == b"HTTP/1.1 200"
        client.sendall(request * 20 + last)
        assert read_all(client).count(b"HTTP/1.1 200") == 21


def test_one_more_connection_is_refused_while_every_other_serves_a_whole_request():
    app, settings = make_api(max_connections=2, **PATIENT)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def wait() -> PlainTextResponse:
        begun.release()
        go_on.wait(PATIENCE_S)
        return PlainTextResponse("done")

    app.add_api_route("/wait", wait)
    with running(app, settings) as (_, port), ExitStack() as stack:
        request = b"GET /wait HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        busy = [connect(stack, port, request) for _ in range(2)]
        assert all(begun.acquire(timeout=PATIENCE_S) for _ in busy)
        assert b"503 Service Unavailable" in read_all(connect(stack, port))
        go_on.set()
        assert all(read_all(client).endswith(b"done") for client in busy)


def test_1200_slow_sockets_do_not_block_prometheus():
    begun = (b"", b"GET /met", b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n", METRICS_BODY)
    with running(*make_metrics(**PATIENT)) as (server, port), ExitStack() as stack:
        slow = [connect(stack, port, begun[number % 4]) for number in range(1_200)]
        assert wait_until(lambda: len(server.server_state.connections) == len(slow), seconds=PATIENCE_S)
        assert [get(port, "/metrics") for _ in range(3)] == [200, 200, 200]


def test_scrape_with_a_large_body_is_refused():
    with running(*make_metrics()) as (_, port), ExitStack() as stack:
        head = b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\nConnection: close\r\n\r\n"
        assert b"HTTP/1.1 413" in read_all(connect(stack, port, head))


def test_product_code_starts_no_server_without_these_limits():
    """HTTP servers of Python, and of prometheus_client, keep a thread for each silent client."""
    packages = ("fraudstream", "jobs", "models", "producers", "schemas")
    sources = [file for package in packages for file in (PROJECT_ROOT / package).rglob("*.py")]
    words = ("http.server", "wsgiref", "start_http_server", "start_wsgi_server", "socketserver", "uvicorn.run(")
    found = [file for file in sources if any(word in file.read_text() for word in words)]
    assert sources
    assert found == []

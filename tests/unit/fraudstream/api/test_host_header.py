"""Without tokens a server answers only requests whose Host header is a loopback name."""

from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from fraudstream.api.application import create_application
from fraudstream.api.metrics_application import create_metrics
from fraudstream.console.application import create_console
from fraudstream.console.notebook import Notebook
from fraudstream.settings.server_settings import ServerSettings
from fraudstream.settings.settings import load_settings
from tests.patience import PATIENCE_S
from tests.unit.fraudstream.api.conftest import CLUSTER, broker_of
from tests.unit.fraudstream.api.raw_clients import connect, read_all, running

REFUSED = [
    "rebound.example", "rebound.example:8000", "rebound.example:99999", "rebound.example:port", "rebound_example",
    "user@rebound.example", "rebound.example/127.0.0.1", "rebound.example#127.0.0.1", "[rebound.example]", "[::2]",
    "[::1", "::1]", "::1", "127.0.0.1:99999", "127.0.0.1:x", "127.0.0.1:80:80", "127.0.0.1.rebound.example",
    "127.0.0.2", "127.0.0.1@rebound.example", "localhost.", "localhost,rebound.example", "[127.0.0.1]", "", " ",
    "%6cocalhost", "re bound",
]  # fmt: skip
LET_IN = ["127.0.0.1", "127.0.0.1:8000", "localhost", "LocalHost:1", "[::1]", "[::1]:65535", "localhost:"]


def make_api():
    app = create_application(broker_of(load_settings()), CLUSTER, CollectorRegistry())
    return app, "/metrics"


def make_console():
    app = create_console(broker_of(load_settings()), CLUSTER)
    app.state.context = SimpleNamespace(notebook=Notebook.of(load_settings()))
    return app, "/data/alerts"


def make_metrics():
    return create_metrics(CollectorRegistry(), ServerSettings(port=0)), "/metrics"


MAKERS = [make_api, make_console, make_metrics]


def answer(app, path: str, hosts: list[bytes]) -> int:
    """Request with raw Host headers, as from a socket: HTTP clients would correct them."""
    given = [(b"host", host) for host in hosts]

    async def bare(scope, receive, send):
        await app({**scope, "headers": given, "server": ("127.0.0.1", 8000)}, receive, send)

    return TestClient(bare, raise_server_exceptions=False).get(path).status_code


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("host", REFUSED)
def test_any_other_host_is_refused_even_an_unparsable_one(make, host):
    app, path = make()
    assert answer(app, path, [host.encode()]) == 421


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("host", LET_IN)
def test_loopback_names_are_accepted(make, host):
    app, path = make()
    assert answer(app, path, [host.encode()]) == 200


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("hosts", [[], [b"127.0.0.1", b"rebound.example"], [b"localhost", b"localhost"], [b"\xff\xfe"]])
def test_missing_and_repeated_hosts_are_refused(make, hosts):
    app, path = make()
    assert answer(app, path, hosts) == 421


@pytest.mark.parametrize("host", [b"rebound.example:99999", b"a_b@c", b"[::1", b"127.0.0.1:x"])
def test_unparsable_host_is_refused_on_a_socket(host):
    settings = ServerSettings(port=0)
    app = create_metrics(CollectorRegistry(), settings)
    with running(app, settings) as (_, port), ExitStack() as stack:
        client = connect(stack, port, b"GET /metrics HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        client.settimeout(PATIENCE_S)
        assert read_all(client).split(b" ", 2)[1] in {b"400", b"421"}


def test_metrics_that_listen_beyond_loopback_answer_to_any_name():
    app = create_metrics(CollectorRegistry(), ServerSettings(port=0, host="0.0.0.0"))  # noqa: S104
    assert answer(app, "/metrics", [b"metrics.internal:9464"]) == 200

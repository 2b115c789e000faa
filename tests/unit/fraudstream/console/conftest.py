"""Console without a broker."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fraudstream.console.application import create_console
from fraudstream.console.notebook import Notebook
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import Settings, load_settings
from tests.unit.fraudstream.console.records import alert

CLUSTER = FlinkRest(url="http://127.0.0.1:1")
"""No request of these tests reaches it, or the broker."""


def broker_of(settings: Settings) -> Broker:
    """Return the connection to a broker that does not run."""
    return Broker(settings, "127.0.0.1:1")


@pytest.fixture
def client_of() -> Callable[..., TestClient]:
    """Return a function that makes a client of a console with the given settings, three alerts and no broker."""

    def make(base_url: str = "http://127.0.0.1", **console: Any) -> TestClient:
        settings = load_settings(console=console)
        app = create_console(broker_of(settings), CLUSTER)
        notebook = Notebook.of(settings)
        notebook.add_alerts([alert(number) for number in range(3)])
        app.state.context = SimpleNamespace(notebook=notebook)
        return TestClient(app, base_url=base_url, raise_server_exceptions=False)

    return make


@pytest.fixture
def client(client_of) -> Iterator[TestClient]:
    return client_of()

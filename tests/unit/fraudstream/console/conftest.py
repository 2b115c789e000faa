from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fraudstream.console.application import create_console
from fraudstream.console.notebook import Notebook
from fraudstream.devstack.stack import Services
from fraudstream.settings.settings import load_settings
from tests.unit.fraudstream.console.records import alert

NO_PROGRESS = Services(bootstrap_servers="127.0.0.1:1", rest_url="http://127.0.0.1:1")
"""No request of these tests reaches the broker."""


@pytest.fixture
def client_of() -> Callable[..., TestClient]:
    """Return a function that makes a client of a console with the given settings, three alerts and no broker."""

    def make(base_url: str = "http://127.0.0.1", **console: Any) -> TestClient:
        settings = load_settings(console=console)
        app = create_console(settings, NO_PROGRESS)
        notebook = Notebook.of(settings)
        notebook.add_alerts([alert(number) for number in range(3)])
        app.state.context = SimpleNamespace(notebook=notebook)
        return TestClient(app, base_url=base_url, raise_server_exceptions=False)

    return make


@pytest.fixture
def client(client_of) -> Iterator[TestClient]:
    return client_of()

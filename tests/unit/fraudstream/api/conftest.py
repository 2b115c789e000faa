from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from fraudstream.api.application import create_application
from fraudstream.devstack.stack import Services
from fraudstream.settings.settings import load_settings

NO_PROGRESS = Services(bootstrap_servers="127.0.0.1:1", rest_url="http://127.0.0.1:1")
"""No request of these tests reaches the broker."""


@pytest.fixture
def client_of() -> Callable[..., TestClient]:
    """Return a function that makes a client of an application with the given settings; its lifespan is not entered."""

    def make(base_url: str = "http://127.0.0.1", **api: Any) -> TestClient:
        app = create_application(load_settings(api=api), NO_PROGRESS, CollectorRegistry())
        return TestClient(app, base_url=base_url, raise_server_exceptions=False)

    return make

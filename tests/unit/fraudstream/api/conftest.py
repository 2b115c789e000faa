"""Applications of the scoring API without a broker."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from fraudstream.api.application import create_application
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import Settings, load_settings

CLUSTER = FlinkRest(url="http://127.0.0.1:1")
"""No request of these tests reaches it, or the broker."""


def broker_of(settings: Settings) -> Broker:
    """Return the connection to a broker that does not run."""
    return Broker(settings, "127.0.0.1:1")


@pytest.fixture
def client_of() -> Callable[..., TestClient]:
    """Return a function that makes a client of an application with the given settings; its lifespan is not entered."""

    def make(base_url: str = "http://127.0.0.1", **api: Any) -> TestClient:
        app = create_application(broker_of(load_settings(api=api)), CLUSTER, CollectorRegistry())
        return TestClient(app, base_url=base_url, raise_server_exceptions=False)

    return make

"""Messages on a broker that does not answer."""

import socket

import pytest

from fraudstream.kafka import topics
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import load_settings
from fraudstream.system.failures import NotReady
from fraudstream.system.ports import LOOPBACK, free_port


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(topics, "TIMEOUT_S", 1.0)
    monkeypatch.setattr(topics, "TRY_S", 0.5)


def test_listener_with_another_protocol_is_distinguished_from_none(tmp_path):
    settings = load_settings(paths={"state": tmp_path})
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(NotReady, match=r"kafka.security.protocol"):
            topics.existing_topics(Broker(settings, f"{LOOPBACK}:{port}"))
    with pytest.raises(NotReady, match=r"correct kafka.bootstrap_servers"):
        topics.existing_topics(Broker(settings, f"{LOOPBACK}:{free_port()}"))
